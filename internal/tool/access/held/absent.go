// SPDX-License-Identifier: MIT

package held

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/visible"
)

// mostDevices is how many devices of one person or tag are answered for.
const mostDevices = 20

// Absent is what the file gives somebody of whom this host sees no node.
type Absent struct {
	// Callers are the devices that the API shows, or the one that is not there yet.
	Callers []*Caller
	// Listed says that they are the API's; More is how many are left out.
	Listed bool
	More   int
	// Notes are what to know of the answer, a sentence each.
	Notes []string
}

// Absent answers for a login, a tag or a device that this host does not see: for the
// devices that the API shows, and where there is none, for one that a person or tag
// would have. Its error says which names come near.
func (f *File) Absent(who string) (Absent, error) {
	end, err := f.policy.Endpoint(who)
	person := strings.Contains(who, "@") && !strings.Contains(who, ":")
	if err != nil && !person {
		return Absent{}, err
	}
	if devices := end.Devices(f.policy); len(devices) > 0 {
		out := Absent{Listed: true, More: max(len(devices)-mostDevices, 0)}
		for _, i := range devices[:len(devices)-out.More] {
			out.Callers = append(out.Callers, f.listed(&f.net.Devices[i]))
		}
		return out, nil
	}
	if !person && end.Kind != "tag" {
		return Absent{}, fmt.Errorf("%s is no device, login or tag, so no caller", who)
	}
	return f.would(who, person), nil
}

// listed is what the file gives a device that the API shows.
func (f *File) listed(d *tailnet.Device) *Caller {
	if len(d.Addrs) == 0 {
		return callerOf(whose(d), d.Name, nil)
	}
	c := f.At(whose(d), d.Addrs[0])
	c.Node = d.Name
	return c
}

// whose is what a grant names a device by.
func whose(d *tailnet.Device) string {
	if len(d.Tags) > 0 {
		return slices.Min(d.Tags)
	}
	return d.Login
}

// would answers for a device that is not there: it compiles the file for a tailnet that
// has it, at an address that nobody has.
func (f *File) would(who string, person bool) Absent {
	net := *f.net
	peer := f.unused()
	device := tailnet.Device{Addrs: []netip.Addr{peer}}
	var out Absent
	if !person {
		device.Tags = []string{who}
	} else {
		device.Login = who
		i := slices.IndexFunc(net.People, func(p tailnet.Person) bool { return strings.EqualFold(p.Login, who) })
		switch {
		case i >= 0 && net.People[i].Suspended:
			out.Notes = append(out.Notes, who+" is suspended: nothing of theirs connects until they are restored")
		case i < 0 && !net.Partial:
			out.Notes = append(out.Notes, "the tailnet has no user "+who+f.near(who)+"; this is what the file would give a member of that login")
		}
		if i < 0 {
			net.People = append(slices.Clone(net.People), tailnet.Person{Login: who})
		}
	}
	net.Devices = append(slices.Clone(net.Devices), device)
	p := policy.Compile(f.parsed, &net)
	c := callerOf(who, "", Grants(p.Given(peer, f.at(peer), f.server.Capability)))
	if src, err := p.Endpoint(peer.String()); err == nil {
		c.Way = f.way(p, src)
	}
	out.Callers = []*Caller{c}
	return out
}

// near asks whether another login of the same domain was meant.
func (f *File) near(who string) string {
	user, domain, _ := strings.Cut(who, "@")
	var users []string
	for i := range f.net.People {
		if other, at, _ := strings.Cut(f.net.People[i].Login, "@"); strings.EqualFold(at, domain) {
			users = append(users, other)
		}
	}
	if near := spelling.Nearest(user, users); near != "" {
		return fmt.Sprintf(" (did you mean %s@%s?)", near, domain)
	}
	return ""
}

// unused is an address of the tailnet's range that no device has and, if there is one,
// no rule names but by the whole range: that of a device to come is not known.
func (f *File) unused() netip.Addr {
	v6 := !f.host.Addrs[0].Is4()
	taken := map[netip.Addr]bool{}
	for _, d := range f.net.Devices {
		for _, a := range d.Addrs {
			taken[a] = true
		}
	}
	var free netip.Addr
	for i := range len(taken) + 256 {
		a := netip.AddrFrom4([4]byte{100, byte(127 - i%64), byte(255 - i/64), 254})
		if v6 {
			a = netip.AddrFrom16([16]byte{0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0, 0xff, byte(i % 64), 14: byte(i / 64), 15: 254})
		}
		if taken[a] {
			continue
		}
		if !free.IsValid() {
			free = a
		}
		if !f.named(a) {
			return a
		}
	}
	return free
}

// named reports whether a rule names an address, and not the whole range it is of.
func (f *File) named(a netip.Addr) bool {
	for _, r := range f.policy.Rules {
		if slices.ContainsFunc(r.Literal, func(set *netipx.IPSet) bool {
			whole := netip.PrefixFrom(a, 10).Masked()
			if a.Is6() {
				whole = netip.PrefixFrom(a, 48).Masked()
			}
			return set.Contains(a) && !set.ContainsPrefix(whole)
		}) {
			return true
		}
	}
	return false
}

// Group is a group or autogroup and what its members have in common here.
type Group struct {
	*Caller
	Members []string // as the file has them
	Known   bool     // that these are all
}

// Group answers for a group or an autogroup: what the rules that name it give. Its error
// says which names come near.
func (f *File) Group(name string) (Group, error) {
	end, err := f.policy.Endpoint(name)
	if err != nil {
		return Group{}, err
	}
	g := Group{Caller: callerOf(name, "", Grants(f.policy.Naming(name, f.here, f.server.Capability)))}
	g.Way = f.way(f.policy, end)
	if i := slices.IndexFunc(f.parsed.Groups, func(d grammar.Definition) bool { return d.Text == name }); i >= 0 {
		g.Known = true
		for _, m := range f.parsed.Groups[i].Values {
			g.Members = append(g.Members, visible.Text(m.Text))
		}
	}
	return g, nil
}
