// SPDX-License-Identifier: MIT

package compiled

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

// SSH is a compiled rule of "ssh".
type SSH struct {
	Rule
	Sources
	Made       SSHRule // what all rules that devices get of it have in common
	Dst        []*selector.Set
	users      map[string]string
	localparts []string // domains whose people may be their own user, "@" before each
}

// compileSSH compiles the section "ssh": rules that check before those that only accept,
// as the service sends them, and else in the order of the file.
func (p *Policy) compileSSH(m *memo) {
	for i, s := range p.Parsed.SSH {
		action := strings.TrimSpace(s.Action.Text)
		if action != "accept" && action != "check" {
			continue
		}
		r := &SSH{Rule: p.Entry("ssh", i, s.Place), Sources: p.sourcesOf(s.Src, s.SrcPosture, false, m)}
		r.Made = SSHRule{
			Check: action == "check", CheckPeriod: period(s.CheckPeriod.Text), AcceptEnv: texts(s.AcceptEnv),
			Recorders: texts(s.Recorder), EnforceRecorder: s.EnforceRecorder, Rule: r.Rule,
		}
		for _, d := range s.Dst {
			r.Dst = append(r.Dst, p.Index.Resolve(d.Text))
		}
		r.compileUsers(texts(s.Users))
		p.Shell = append(p.Shell, r)
	}
	slices.SortStableFunc(p.Shell, func(a, b *SSH) int {
		switch {
		case a.Made.Check == b.Made.Check:
			return 0
		case a.Made.Check:
			return -1
		}
		return 1
	})
}

// compileUsers reads who may be asked for: root is refused unless it is named.
func (r *SSH) compileUsers(names []string) {
	r.users = map[string]string{"root": ""}
	for _, name := range names {
		domain, local := strings.CutPrefix(name, "localpart:*@")
		switch {
		case local:
			r.localparts = append(r.localparts, "@"+strings.ToLower(domain))
		case strings.EqualFold(name, "autogroup:nonroot"):
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
	all := p.Index.Named(device)
	if len(all) != 1 || all[0] >= p.Index.Real || p.Index.Devices[all[0]].External || !p.Index.Live(all[0]) {
		return nil
	}
	var out []SSHRule
	for _, r := range p.Shell {
		out = append(out, p.sshAt(r, all[0])...)
	}
	return out
}

// sshAt is what a device gets of one rule.
func (p *Policy) sshAt(r *SSH, device int) []SSHRule {
	var out []SSHRule
	for _, who := range p.identities(r) {
		in, why := p.SSHTarget(r, who, device)
		if !in {
			continue
		}
		for _, one := range r.forms(who.Login) {
			one.Unknown = why
			may := one
			for _, i := range who.Devices {
				for _, a := range p.Index.Devices[i].Addrs {
					if r.has(i, a) {
						one.Src = append(one.Src, a)
					} else if r.mayHave(i, a) {
						may.Src = append(may.Src, a)
						may.Unknown = append(slices.Clone(may.Unknown), p.Doubts(&r.Sources, i)...)
					}
				}
			}
			if len(one.Src) > 0 {
				out = append(out, one)
			}
			if len(may.Src) > 0 {
				may.Unknown = Phrases(may.Unknown)
				out = append(out, may)
			}
		}
	}
	return out
}

// Identity is sources that a rule treats alike: a person's devices, or one without a
// person; all of them at once where the rule has nothing to tell them apart.
type Identity struct {
	Login   string
	Devices []int
}

// identities splits the sources of a rule where users are taken from logins, or the
// destination is one's own.
func (p *Policy) identities(r *SSH) []Identity {
	all := r.S4.Of(r.S6, selector.Or).Of(r.M4, selector.Or).Of(r.M6, selector.Or)
	self := slices.ContainsFunc(r.Dst, func(d *selector.Set) bool { return d.Self })
	if len(r.localparts) == 0 && !self {
		return []Identity{{Devices: slices.Collect(all.All())}}
	}
	var out []Identity
	at := map[string]int{}
	for i := range all.All() {
		login := ""
		if p.Index.Member(i) {
			login = strings.ToLower(p.Index.Devices[i].Login)
		}
		if j, ok := at[login]; ok && login != "" {
			out[j].Devices = append(out[j].Devices, i)
			continue
		}
		at[login] = len(out)
		out = append(out, Identity{login, []int{i}})
	}
	return out
}

// SSHTarget reports whether a device is a destination of a rule for an identity, and
// what would have to be known for it to be. The service sends rules that take the user
// from the login to the devices of the source itself too.
func (p *Policy) SSHTarget(r *SSH, who Identity, device int) (in bool, why []string) {
	if len(r.localparts) > 0 && slices.Contains(who.Devices, device) {
		return true, nil
	}
	for _, d := range r.Dst {
		switch {
		case d.Self:
			if who.Login != "" && p.Index.Member(device) && strings.EqualFold(p.Index.Devices[device].Login, who.Login) {
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
func (r *SSH) forms(login string) []SSHRule {
	one := r.Made
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

// Asks reports whether a rule lets a login ask for a user of the host.
func (r *SSH) Asks(login, user string) bool {
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

// Logins returns whom a rule lets somebody ask for on the host: users by name, "*" for
// everybody but root, and "localpart:*@DOMAIN".
func (r *SSH) Logins() []string {
	var all []string
	for user, becomes := range r.users {
		if becomes != "" {
			all = append(all, user)
		}
	}
	for _, domain := range r.localparts {
		all = append(all, "localpart:*"+domain)
	}
	slices.Sort(all)
	return all
}
