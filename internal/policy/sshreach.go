// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
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
	rules                      map[*sshRule]bool
	doubts                     []string
	why                        []Reason
}

func (p *Policy) session(src, dst Endpoint, user string) *session {
	a := &session{p: p, rules: map[*sshRule]bool{}}
	if len(src.ends)*len(dst.ends)*max(len(p.ssh), 1) > tooMany {
		a.unknown++
		a.doubts = append(a.doubts, "too many devices for one question: ask about fewer")
		return a
	}
	for _, s := range src.ends {
		to := dst.ends
		if dst.self && s.device >= 0 && p.index.Member(s.device) {
			to = p.devices(p.index.Owned(p.index.Devices[s.device].Login))
		}
		for _, d := range to {
			a.pair(s, d, user)
		}
	}
	return a
}

// pair asks about one source and one destination: the first rule that matches decides.
func (a *session) pair(s, d end, user string) {
	may := false
	for _, r := range a.p.ssh {
		from, _ := a.p.source(&r.sources, s)
		if from.sure|from.may == 0 || d.device < 0 {
			continue
		}
		who := identity{}
		if s.device >= 0 {
			who.devices = []int{s.device}
			if a.p.index.Member(s.device) {
				who.login = strings.ToLower(a.p.index.Devices[s.device].Login)
			}
		}
		in, doubts := a.p.sshTarget(r, who, d.device)
		if !in || !r.asks(who.login, user) {
			continue
		}
		a.rules[r] = true
		if from.sure == 0 && s.device >= 0 {
			doubts = append(doubts, a.p.doubts(&r.sources, s.device)...)
		}
		if from.sure == 0 || len(doubts) > 0 {
			may = true
			a.doubts = append(a.doubts, doubts...)
			continue
		}
		if r.made.Check {
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

// asks reports whether a rule lets a login ask for a user of the host.
func (r *sshRule) asks(login, user string) bool {
	for _, form := range r.forms(login) {
		becomes, ok := form.Users[user]
		if !ok {
			becomes = form.Users["*"]
		}
		if becomes != "" {
			return true
		}
	}
	return false
}

// explainSSH names the ssh rules that came near.
func (p *Policy) explainSSH(s, d end, user string) []Reason {
	var all []Reason
	from := 0
	for _, r := range p.ssh {
		m, named := p.source(&r.sources, s)
		if named == 0 {
			continue
		}
		from++
		who := identity{}
		if s.device >= 0 && p.index.Member(s.device) {
			who.login = strings.ToLower(p.index.Devices[s.device].Login)
		}
		if in, _ := p.sshTarget(r, who, d.device); !in || len(all) >= fewReasons {
			continue
		}
		reason := Reason{Layer: "user", Text: fmt.Sprintf("a rule allows other users there, and not %s", user), Next: "add the user to the rule", Rule: &r.Rule}
		if m.sure|m.may == 0 {
			reason.Layer, reason.Text, reason.Next = "posture", "a rule allows it on a condition that is not met: "+strings.Join(r.posture, " or "), "look at the posture attributes of the source"
		}
		all = append(all, reason)
	}
	if len(all) == 0 {
		all = append(all, Reason{Layer: "rule", Text: fmt.Sprintf("no rule of ssh has both %s among its sources and %s among its destinations: %d have the one", s.name, d.name, from), Next: "add a rule to ssh"})
	}
	return all
}

// verdict sums the pairs up.
func (a *session) verdict() SSHVerdict {
	v := SSHVerdict{Unknown: phrases(a.doubts), Check: a.check > 0}
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
	for _, r := range a.p.ssh {
		if a.rules[r] {
			v.Rules = append(v.Rules, r.Rule)
			v.Check = v.Check || v.Answer == Unknown && r.made.Check
		}
	}
	return v
}
