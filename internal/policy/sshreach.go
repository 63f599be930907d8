// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
)

// SSHVerdict is whether an SSH session is allowed.
type SSHVerdict struct {
	Answer  Answer
	Partly  bool // the answer is no, and some of the ends may
	Check   bool // where the answer is not no: only after a fresh sign-in, of some at least
	Rules   []Rule
	Unknown []string
	Why     []Reason
}

// SSH says whether a source may open a session on a destination as a user of the host.
// The network has to be open too: see [Policy.Reach] with port 22. Where an end is
// several devices, yes means all of them.
func (p *Policy) SSH(src, dst Endpoint, user string) SSHVerdict {
	return p.session(src, dst, user).verdict()
}

// session is a question about ssh, and its answers pair by pair.
type session struct {
	p                          *Policy
	accept, check, unknown, no int
	rules                      map[*compiled.SSH]bool
	doubts                     []string
	why                        []Reason
}

func (p *Policy) session(src, dst Endpoint, user string) *session {
	a := &session{p: p, rules: map[*compiled.SSH]bool{}}
	if len(src.ends)*len(dst.ends)*max(len(p.Shell), 1) > tooMany {
		a.unknown++
		a.doubts = append(a.doubts, "too many devices for one question: ask about fewer")
		return a
	}
	for _, s := range src.ends {
		to := dst.ends
		if dst.self && s.Device >= 0 && p.Index.Member(s.Device) {
			to = p.devices(p.Index.Owned(p.Index.Devices[s.Device].Login))
		}
		for _, d := range to {
			a.pair(s, d, user)
		}
	}
	return a
}

// pair asks about one source and one destination: the first rule that matches decides.
func (a *session) pair(s, d compiled.End, user string) {
	may := false
	for _, r := range a.p.Shell {
		from, _ := a.p.Source(&r.Sources, s)
		if from.Sure|from.May == 0 || d.Device < 0 {
			continue
		}
		who := compiled.Identity{}
		if s.Device >= 0 {
			who.Devices = []int{s.Device}
			if a.p.Index.Member(s.Device) {
				who.Login = strings.ToLower(a.p.Index.Devices[s.Device].Login)
			}
		}
		in, doubts := a.p.SSHTarget(r, who, d.Device)
		if !in || !r.Asks(who.Login, user) {
			continue
		}
		a.rules[r] = true
		if from.Sure == 0 && s.Device >= 0 {
			doubts = append(doubts, a.p.Doubts(&r.Sources, s.Device)...)
		}
		if from.Sure == 0 || len(doubts) > 0 {
			may = true
			a.doubts = append(a.doubts, doubts...)
			continue
		}
		if r.Made.Check {
			a.check++
		} else {
			a.accept++
		}
		return
	}
	if may {
		a.unknown++
		return
	}
	a.no++
	if len(a.why) == 0 {
		a.why = a.p.explainSSH(s, d, user)
	}
}

// explainSSH names the ssh rules that came near.
func (p *Policy) explainSSH(s, d compiled.End, user string) []Reason {
	var all []Reason
	from := 0
	for _, r := range p.Shell {
		m, named := p.Source(&r.Sources, s)
		if named == 0 {
			continue
		}
		from++
		who := compiled.Identity{}
		if s.Device >= 0 && p.Index.Member(s.Device) {
			who.Login = strings.ToLower(p.Index.Devices[s.Device].Login)
		}
		if in, _ := p.SSHTarget(r, who, d.Device); !in || len(all) >= fewReasons {
			continue
		}
		reason := Reason{Layer: "user", Text: fmt.Sprintf("a rule allows other users there, and not %s", user), Next: "add the user to the rule", Rule: &r.Rule}
		if m.Sure|m.May == 0 {
			reason.Layer, reason.Text, reason.Next = "posture", "a rule allows it on a condition that is not met: "+strings.Join(r.Postures, " or "), "look at the posture attributes of the source"
		}
		all = append(all, reason)
	}
	if len(all) == 0 {
		all = append(all, Reason{Layer: "rule", Text: fmt.Sprintf("no rule of ssh has both %s among its sources and %s among its destinations: %d have the one", s.Name, d.Name, from), Next: "add a rule to ssh"})
	}
	return all
}

// verdict sums the pairs up.
func (a *session) verdict() SSHVerdict {
	v := SSHVerdict{Unknown: compiled.Phrases(a.doubts), Check: a.check > 0}
	yes := a.accept + a.check
	switch {
	case a.no > 0 || yes+a.unknown == 0:
		v.Answer, v.Partly, v.Why = No, yes+a.unknown > 0, a.why
		v.Check = false
	case a.unknown > 0:
		v.Answer = Unknown
	default:
		v.Answer = Yes
	}
	for _, r := range a.p.Shell {
		if a.rules[r] {
			v.Rules = append(v.Rules, r.Rule)
			v.Check = v.Check || v.Answer == Unknown && r.Made.Check
		}
	}
	return v
}
