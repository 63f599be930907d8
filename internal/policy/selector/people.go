// SPDX-License-Identifier: MIT

package selector

import (
	"strings"

	"tailscale-mcp/internal/policy/address"
)

// roles are the autogroups of one role each.
var roles = map[string]bool{
	"owner": true, "admin": true, "it-admin": true, "network-admin": true, "billing-admin": true, "auditor": true,
}

// autogroup makes the set of autogroup:NAME.
func (x *Index) autogroup(s *Set, name string) {
	switch {
	case name == "danger-all":
		s.Anyone = true
		x.every(s, func(int) bool { return true })
	case name == "self":
		s.Self = true
	case name == "internet":
		s.Internet = true
		s.Ranges = address.Internet()
	case name == "member" || name == "members":
		s.Members = true
		x.every(s, func(i int) bool { return x.Member(i) })
	case name == "tagged":
		x.every(s, func(i int) bool { return len(x.Devices[i].Tags) > 0 && !x.Devices[i].External })
	case name == "shared":
		s.Strangers = true
	case roles[name]:
		x.role(s, name)
	default:
		s.Known = false
	}
}

// Member reports whether a device is an untagged one of this tailnet.
func (x *Index) Member(device int) bool {
	d := &x.Devices[device]
	return len(d.Tags) == 0 && !d.External && d.Login != ""
}

// role makes the set of the people who have a role.
func (x *Index) role(s *Set, name string) {
	for i := range x.Devices {
		switch p := x.Person(i); {
		case !x.Member(i):
		case p == nil || p.Role == "":
			s.Doubt.Add(i)
		case p.Role == name:
			s.V4.Add(i)
			s.V6.Add(i)
		}
	}
	s.Why = func(i int) string { return "the role of " + x.Devices[i].Login }
}

// group makes the set of a group: of the file, or else of an identity provider or the
// console, whose members are known as far as the people say.
func (x *Index) group(s *Set) {
	if d, ok := x.Definition(s.Text); ok {
		for _, m := range d.Values {
			switch {
			case strings.HasPrefix(m.Text, "user:"):
				x.domain(s, strings.TrimPrefix(m.Text, "user:"))
			case strings.Contains(m.Text, "@"):
				x.devices(s, x.byLogin[strings.ToLower(m.Text)])
			}
		}
		s.Known = true
		return
	}
	s.Known = x.Net.Partial
	for i := range x.Devices {
		if !x.Member(i) {
			continue
		}
		switch p := x.Person(i); {
		case p != nil && in(s.Text, p.Groups):
			s.V4.Add(i)
			s.V6.Add(i)
			s.Known = true
		case p == nil || !p.GroupsKnown:
			s.Doubt.Add(i)
			s.Known = true
		}
	}
	s.Why = func(i int) string { return "whether " + x.Devices[i].Login + " is in " + s.Text }
}

// in reports whether a group is among those of a person, which may be named with or
// without their domain.
func in(group string, all []string) bool {
	for _, g := range all {
		if bare, _, found := strings.Cut(g, "@"); strings.EqualFold(g, group) || found && strings.EqualFold(bare, group) {
			return true
		}
	}
	return false
}
