// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/selector"
)

// SSHRule is one rule of the SSH policy of a device, with the meaning of
// tailcfg.SSHRule. The first rule whose sources and users match decides.
type SSHRule struct {
	Src []netip.Addr // of the devices that may connect
	// Users are the logins on the host that may be asked for, and what they become: "="
	// is the same, "" is refused, "*" is every other.
	Users map[string]string
	// Check asks a person to sign in again before; CheckPeriod is how long that lasts:
	// 0 is the default, negative is always.
	Check       bool
	CheckPeriod time.Duration
	AcceptEnv   []string
	Recorders   []string // names of tags, as the file writes them
	// EnforceRecorder ends a session that cannot be recorded.
	EnforceRecorder bool

	Rule    Rule
	Unknown []string // as in [FilterRule]
}

// sshRule is a compiled rule of "ssh".
type sshRule struct {
	Rule
	sources
	made       SSHRule // what all rules that devices get of it have in common
	dst        []*selector.Set
	users      map[string]string
	localparts []string // domains whose people may be their own user, "@" before each
}

// compileSSH compiles the section "ssh": rules that check before those that only accept,
// as the service sends them, and else in the order of the file.
func (p *Policy) compileSSH(judged map[string]*judgement) {
	for i, s := range p.file.SSH {
		action := strings.TrimSpace(s.Action.Text)
		if action != "accept" && action != "check" {
			continue
		}
		r := &sshRule{Rule: p.named("ssh", i, s.Place), sources: p.sourcesOf(s.Src, s.SrcPosture, false, judged)}
		r.made = SSHRule{
			Check: action == "check", CheckPeriod: period(s.CheckPeriod.Text), AcceptEnv: texts(s.AcceptEnv),
			Recorders: texts(s.Recorder), EnforceRecorder: s.EnforceRecorder, Rule: r.Rule,
		}
		for _, d := range s.Dst {
			r.dst = append(r.dst, p.index.Resolve(d.Text))
		}
		r.compileUsers(texts(s.Users))
		p.ssh = append(p.ssh, r)
	}
	slices.SortStableFunc(p.ssh, func(a, b *sshRule) int {
		switch {
		case a.made.Check == b.made.Check:
			return 0
		case a.made.Check:
			return -1
		}
		return 1
	})
}

// compileUsers reads who may be asked for: root is refused unless it is named.
func (r *sshRule) compileUsers(names []string) {
	r.users = map[string]string{"root": ""}
	for _, name := range names {
		domain, local := strings.CutPrefix(name, "localpart:*@")
		switch {
		case local:
			r.localparts = append(r.localparts, "@"+strings.ToLower(domain))
		case name == "autogroup:nonroot":
			r.users["*"] = "="
		default:
			r.users[name] = name
		}
	}
}

// period reads how long a check lasts.
func period(text string) time.Duration {
	if text == "always" {
		return -1
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}

func texts(names []grammar.Name) []string {
	var all []string
	for _, n := range names {
		all = append(all, n.Text)
	}
	return all
}

// SSHRules returns the SSH policy that a device (its ID or name) gets.
func (p *Policy) SSHRules(device string) []SSHRule {
	all := p.index.Named(device)
	if len(all) != 1 || all[0] >= p.index.Real || p.index.Devices[all[0]].External || !p.index.Live(all[0]) {
		return nil
	}
	var out []SSHRule
	for _, r := range p.ssh {
		out = append(out, p.sshAt(r, all[0])...)
	}
	return out
}

// sshAt is what a device gets of one rule.
func (p *Policy) sshAt(r *sshRule, device int) []SSHRule {
	var out []SSHRule
	for _, identity := range p.identities(r) {
		in, why := p.sshTarget(r, identity, device)
		if !in {
			continue
		}
		for _, one := range r.forms(identity.login) {
			one.Unknown = why
			may := one
			for _, i := range identity.devices {
				for _, a := range p.index.Devices[i].Addrs {
					if r.sure(i, a) {
						one.Src = append(one.Src, a)
					} else if r.may(i, a) {
						may.Src = append(may.Src, a)
						may.Unknown = append(slices.Clone(may.Unknown), p.doubts(&r.sources, i)...)
					}
				}
			}
			if len(one.Src) > 0 {
				out = append(out, one)
			}
			if len(may.Src) > 0 {
				may.Unknown = phrases(may.Unknown)
				out = append(out, may)
			}
		}
	}
	return out
}

// identity is sources that a rule treats alike: a person's devices, or one without a
// person; all of them at once where the rule has nothing to tell them apart.
type identity struct {
	login   string
	devices []int
}

// identities splits the sources of a rule where users are taken from logins, or the
// destination is one's own.
func (p *Policy) identities(r *sshRule) []identity {
	all := r.s4.Of(r.s6, selector.Or).Of(r.m4, selector.Or).Of(r.m6, selector.Or)
	self := slices.ContainsFunc(r.dst, func(d *selector.Set) bool { return d.Self })
	if len(r.localparts) == 0 && !self {
		return []identity{{devices: slices.Collect(all.All())}}
	}
	var out []identity
	at := map[string]int{}
	for i := range all.All() {
		login := ""
		if p.index.Member(i) {
			login = strings.ToLower(p.index.Devices[i].Login)
		}
		if j, ok := at[login]; ok && login != "" {
			out[j].devices = append(out[j].devices, i)
			continue
		}
		at[login] = len(out)
		out = append(out, identity{login, []int{i}})
	}
	return out
}

// sshTarget reports whether a device is a destination of a rule for an identity, and
// what would have to be known for it to be. The service sends rules that take the user
// from the login to the devices of the source itself too.
func (p *Policy) sshTarget(r *sshRule, who identity, device int) (in bool, why []string) {
	if len(r.localparts) > 0 && slices.Contains(who.devices, device) {
		return true, nil
	}
	for _, d := range r.dst {
		switch {
		case d.Self:
			if who.login != "" && p.index.Member(device) && strings.EqualFold(p.index.Devices[device].Login, who.login) {
				return true, nil
			}
		case d.Everyone || d.V4.Has(device) || d.V6.Has(device):
			return true, nil
		case d.Doubt.Has(device):
			in, why = true, []string{d.Why(device)}
		}
	}
	return in, why
}

// forms returns the rules that an identity gets: for users by name, and for the user
// that its login gives it.
func (r *sshRule) forms(login string) []SSHRule {
	one := r.made
	one.Users = r.users
	out := []SSHRule{one}
	for _, domain := range r.localparts {
		if user, ok := strings.CutSuffix(login, domain); ok {
			one.Users = map[string]string{user: user}
			out = append(out, one)
		}
	}
	return out
}
