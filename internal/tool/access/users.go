// SPDX-License-Identifier: MIT

package access

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/access/held"
)

type usersInput struct {
	Tool string `json:"tool,omitempty" jsonschema:"such as set_policy; absent is all"`
}

type usersOutput struct {
	Summary string   `json:"summary"`
	Grants  []holder `json:"grants" jsonschema:"by rule of the policy file, in its order"`
	Unknown []string `json:"unknown,omitempty" jsonschema:"what would have to be known for a sure answer"`
}

// holder is who may use what by one rule.
type holder struct {
	Rule    rule              `json:"rule"`
	Sure    bool              `json:"sure" jsonschema:"false: it hangs on what is unknown"`
	By      []string          `json:"by" jsonschema:"the sources of the rule"`
	People  []string          `json:"people,omitempty" jsonschema:"logins that have a device"`
	Tags    []string          `json:"tags,omitempty" jsonschema:"tags of tagged devices"`
	Ranges  []string          `json:"ranges,omitempty" jsonschema:"addresses of no device"`
	Entries []json.RawMessage `json:"entries,omitempty" jsonschema:"what is granted, as the file has it"`
	Allowed []string          `json:"allowed,omitempty" jsonschema:"the selectors that allow the tool that was asked about"`
	Problem string            `json:"problem,omitempty" jsonschema:"why these callers are refused everything"`
}

// users answers who may use this server.
type users struct {
	explainer
	capability string
	find       func(name string) (grant.Tool, bool)
}

func (u users) tool() tool.Tool {
	return tool.New(tool.Definition{
		Name: "who_can_use", Title: "Who can use this server", Group: group, Class: grant.Read,
		Weight:      survey.Weight,
		Operations:  operations(),
		Example:     json.RawMessage(`{"tool":"set_policy"}`),
		Description: "Says who may use which tools of this server, or one tool, by grants of the policy file.",
	}, u.answer)
}

func (u users) answer(ctx context.Context, _ tool.Call, in usersInput) (out usersOutput, err error) {
	asked, known := grant.Tool{}, false
	if in.Tool == "whoami" {
		return out, tool.Invalidf("name another tool, or none", "everybody whom this server knows may call whoami, without a grant")
	}
	if in.Tool != "" {
		if asked, known = u.find(in.Tool); !known {
			return out, tool.Invalidf("whoami lists the tools", "this server has no tool %q", tool.Clip(in.Tool))
		}
	}
	p, err := u.api.Policy(ctx)
	if err != nil {
		return out, err
	}
	file, err := grammar.Parse(p.HuJSON)
	if err != nil {
		return out, unreadable(err)
	}
	here := u.host.ID(ctx)
	err = u.evaluator.Evaluate(ctx, nil, []*grammar.File{file}, func(v survey.Evaluation) error {
		if here == "" {
			out = usersOutput{Summary: "Nobody can be named.", Grants: []holder{}, Unknown: []string{"which node this host is: tailscaled does not say"}}
			return nil
		}
		dst, err := v.Policies[0].Endpoint(here)
		if err != nil {
			return fmt.Errorf("this host: %w", err)
		}
		out = u.list(held.Grants(v.Policies[0].Holders(dst, u.capability)), asked, known, time.Now())
		return nil
	})
	return out, err
}

// list makes the answer out of what the rules give.
func (u users) list(all []held.Grant, asked grant.Tool, one bool, now time.Time) (out usersOutput) {
	out.Grants = []holder{}
	people, tags := map[string]bool{}, map[string]bool{}
	perhaps, gives := false, 0
	refused := held.Refused(all)
	for _, h := range all {
		g := holder{
			Rule: shown(h.Rule), Sure: h.Answer == policy.Yes, By: few(h.Selectors), People: few(h.People), Tags: few(h.Tags), Ranges: few(h.Ranges),
			Problem: h.Problem,
		}
		switch {
		case h.Problem != "":
		case one:
			d := h.Rules.At(now).Tool(asked)
			if !d.Allowed {
				continue
			}
			g.Allowed = []string{d.By}
		default:
			g.Entries = h.Values
		}
		out.Grants = append(out.Grants, g)
		for _, u := range h.Unknown {
			if !slices.Contains(out.Unknown, u) {
				out.Unknown = append(out.Unknown, u)
			}
		}
		if perhaps = perhaps || g.Problem == "" && !g.Sure; g.Problem != "" || !g.Sure {
			continue
		}
		gives++
		for _, p := range h.People {
			people[p] = people[p] || refused[p] == 0
		}
		for _, t := range h.Tags {
			tags[t] = tags[t] || refused[t] == 0
		}
	}
	what := "anything of this server"
	if one {
		what = asked.Name
	}
	out.Summary = fmt.Sprintf("%s and %s may use %s by %s.", count(allowed(people), "person", "people"), count(allowed(tags), "tag", "tags"), what,
		count(gives, "rule", "rules"))
	if perhaps {
		out.Summary += " Whether others may is not known: see the grants that are not sure."
	}
	return out
}

// allowed returns how many of them may.
func allowed(names map[string]bool) (n int) {
	for _, may := range names {
		if may {
			n++
		}
	}
	return n
}
