// SPDX-License-Identifier: MIT

package access

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
)

// question is one question about a compiled policy.
type question struct {
	survey.Evaluation
	policy *policy.Policy
	policy.Question
	asked explainInput
}

// layers looks at every layer that the evaluation decides.
func (q question) layers() (all []layer, unknown []string) {
	verdict := q.policy.Reach(q.Question)
	all = append(all, q.byPolicy(verdict))
	all = append(all, q.bySSH()...)
	all = append(all, q.routes()...)
	all = append(all, q.devices("source", q.Src)...)
	return append(all, q.devices("destination", q.Dst)...), verdict.Unknown
}

// conclude says what the layers come to.
func (out *explainOutput) conclude(what string) {
	answer, because, doubt := policy.Yes, "", ""
	for _, l := range out.Layers {
		if l.Layer == "ssh" {
			continue // it decides about a login on the host, not about the connection
		}
		if l.Holds == policy.Unknown.String() && doubt == "" {
			doubt = l.Text
		}
		switch {
		case l.Holds == policy.No.String() && answer != policy.No:
			answer, because = policy.No, l.Text
		case l.Holds == policy.Unknown.String() && answer == policy.Yes && l.Layer == "policy":
			answer, because = policy.Unknown, l.Text
		}
	}
	out.Answer = answer.String()
	switch answer {
	case policy.Yes:
		out.Summary = "Yes: " + what + " is allowed, and nothing that was looked at stands in its way."
		if doubt != "" {
			out.Summary = "Yes: " + what + " is allowed, but: " + doubt
		}
	case policy.No:
		out.Summary = "No: " + what + " does not get through. " + because
	default:
		out.Summary = "Unknown: " + what + " may be allowed. " + because
	}
}

// byPolicy is the layer of the policy file.
func (q question) byPolicy(v policy.Verdict) layer {
	l := layer{Layer: "policy", Holds: v.Answer.String(), Rules: rules(v.Rules)}
	switch v.Answer {
	case policy.Yes:
		l.Text = "The policy file allows it" + carried(v.Via) + "."
	case policy.Unknown:
		l.Text = "The policy file may allow it; it hangs on " + strings.Join(v.Unknown, "; ") + "."
	default:
		l.Text = "No rule of the policy file allows it."
		switch {
		case v.Partly:
			l.Text = "The policy file allows it for some of them and not for all."
		case len(v.Why) > 0 && slices.Contains([]string{"via", "route", "service", "posture"}, v.Why[0].Layer) && v.Why[0].Rule != nil:
			l.Text = "The policy file has a rule for it, which does not do here."
		}
	}
	const most = 5
	var reasons []string
	for _, why := range v.Why[:min(most, len(v.Why))] {
		if !slices.Contains(reasons, why.Text) {
			reasons = append(reasons, why.Text)
		}
		if l.Next == "" {
			l.Next = why.Next
		}
		if why.Rule != nil && len(l.Rules) < most {
			l.Rules = append(l.Rules, shown(*why.Rule))
		}
	}
	if len(reasons) > 0 {
		l.Text = strings.TrimSuffix(l.Text, ".") + ": " + strings.Join(reasons, "; ") + "."
	}
	return l
}

func carried(via []string) string {
	if len(via) == 0 {
		return ""
	}
	return ", carried by " + strings.Join(via, ", ")
}

// everybody answers without a source.
func (q question) everybody() (out explainOutput) {
	sure, may := crowd{}, crowd{}
	unknown := map[string]bool{}
	all := q.policy.Sources(q.Dst, q.Proto, q.Port)
	for i, a := range all {
		one := access{
			Rule: shown(a.Rule), Sure: a.Answer == policy.Yes, By: few(a.Selectors), People: few(a.People), Tags: few(a.Tags),
			Devices: len(a.Devices), Ranges: few(a.Ranges), Ports: few(a.Ports), Via: few(a.Via), Unknown: few(a.Unknown),
		}
		if i < mostAccess {
			out.Access = append(out.Access, one)
		}
		if one.Sure {
			sure.add(a)
		} else {
			may.add(a)
		}
		for _, u := range a.Unknown {
			if !unknown[u] {
				unknown[u] = true
				out.Unknown = append(out.Unknown, u)
			}
		}
	}
	what := fmt.Sprintf("%s at %s", tool.Clip(q.asked.Destination), service(q.Proto, q.Port))
	switch {
	case slices.ContainsFunc(all, func(a policy.Access) bool { return a.Answer == policy.Yes }):
		out.Answer = policy.Yes.String()
	case len(all) > 0:
		out.Answer = policy.Unknown.String()
	default:
		out.Answer = policy.No.String()
	}
	switch sure, may := sure.words(crowd{}), may.words(sure); {
	case out.Answer == "no":
		out.Summary = "Nobody reaches " + what + " by the policy file."
	case may == "":
		out.Summary = sure + " reach " + what + "."
	case sure == "":
		out.Summary = "It is not known whether anybody reaches " + what + ": " + may + " may."
	default:
		out.Summary = sure + " reach " + what + ", and " + may + " more may."
	}
	if more := len(all) - mostAccess; more > 0 {
		out.Summary += fmt.Sprintf(" Of %d rules the first %d are shown: ask for a port, or with a source.", len(all), mostAccess)
	}
	out.Unknown = few(out.Unknown)
	out.Layers = append(q.routes(), q.devices("destination", q.Dst)...)
	return out
}
