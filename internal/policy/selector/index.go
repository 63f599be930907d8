// SPDX-License-Identifier: MIT

package selector

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// Index finds what is in a tailnet. It holds a device for each name of a person or tag
// that has none, at the indexes from Real: it has no address, and lets a question about
// the name be answered as for its first device.
type Index struct {
	Net     *tailnet.Tailnet
	File    *grammar.File
	Devices []tailnet.Device
	Real    int

	Wildcard *netipx.IPSet // "*" as a source: the tailnet's addresses and approved routes
	Routers  []int         // devices with approved routes
	Outside  Bits          // devices of other tailnets

	people   map[string]*tailnet.Person
	byLogin  map[string][]int
	byTag    map[string][]int
	byName   map[string][]int
	byAddr   map[netip.Addr]int
	services map[string]int
	defined  map[string]*grammar.Definition // by name, and by name in lower case
	none     Bits                           // the empty set, of all who have it
	live     Bits                           // devices that count: not of suspended people
	v4, v6   []located
	sets     map[string]*Set
	ipsets   map[*grammar.Definition]ipset
}

// located is an address of a device.
type located struct {
	addr   netip.Addr
	device int
}

// NewIndex indexes a tailnet for a file.
func NewIndex(f *grammar.File, t *tailnet.Tailnet) *Index {
	x := &Index{
		Net: t, File: f, Devices: slices.Clone(t.Devices), Real: len(t.Devices),
		people: map[string]*tailnet.Person{}, byLogin: map[string][]int{}, byTag: map[string][]int{},
		byName: map[string][]int{}, byAddr: map[netip.Addr]int{}, services: map[string]int{},
		defined: map[string]*grammar.Definition{}, sets: map[string]*Set{}, ipsets: map[*grammar.Definition]ipset{},
	}
	for i := range t.People {
		x.people[strings.ToLower(t.People[i].Login)] = &t.People[i]
	}
	for i := range t.Services {
		x.services[strings.ToLower(t.Services[i].Name)] = i
	}
	for _, section := range [][]grammar.Definition{f.Groups, f.IPSets, f.Postures, f.Hosts} {
		for i := range section {
			if low := strings.ToLower(section[i].Text); x.defined[low] == nil {
				x.defined[low] = &section[i]
			}
		}
		for i := range section {
			x.defined[section[i].Text] = &section[i] // the very name goes first
		}
	}
	for i := range x.Devices {
		x.enter(i)
	}
	x.stand()
	x.locate()
	for _, d := range f.IPSets {
		x.expand(d.Text)
	}
	return x
}

// enter indexes one device.
func (x *Index) enter(i int) {
	d := &x.Devices[i]
	for _, name := range []string{d.ID, d.Name, d.FQDN} {
		if name = strings.ToLower(name); name != "" && !slices.Contains(x.byName[name], i) {
			x.byName[name] = append(x.byName[name], i)
		}
	}
	for _, a := range d.Addrs {
		x.byAddr[a] = i
	}
	if d.External {
		return // its people and tags are another tailnet's
	}
	for _, tag := range d.Tags {
		low := strings.ToLower(tag)
		x.byTag[low] = append(x.byTag[low], i)
	}
	if login := strings.ToLower(d.Login); len(d.Tags) == 0 && login != "" {
		x.byLogin[login] = append(x.byLogin[login], i)
	}
}

// stand enters a device without an address for each person and tag that has none. People
// of other tailnets have theirs there.
func (x *Index) stand() {
	for _, p := range x.Net.People {
		if login := strings.ToLower(p.Login); login != "" && !p.Shared && len(x.byLogin[login]) == 0 {
			x.Devices = append(x.Devices, tailnet.Device{Login: p.Login})
			x.enter(len(x.Devices) - 1)
		}
	}
	for _, t := range x.File.TagOwners {
		if len(x.Tagged(t.Text)) == 0 {
			x.Devices = append(x.Devices, tailnet.Device{Tags: []string{t.Text}})
			x.enter(len(x.Devices) - 1)
		}
	}
}

// locate sorts the addresses, and finds what the routes are and who counts.
func (x *Index) locate() {
	x.live = make(Bits, (len(x.Devices)+63)/64)
	x.none, x.Outside = x.Empty(), x.Empty()
	routes := netipx.IPSetBuilder{}
	routes.AddSet(address.Tailnet())
	for i := range x.Devices {
		d := &x.Devices[i]
		if p := x.Person(i); p != nil && p.Suspended {
			continue
		}
		x.live.Add(i)
		if d.External {
			x.Outside.Add(i)
		}
		for _, a := range d.Addrs {
			if a.Is4() {
				x.v4 = append(x.v4, located{a, i})
			} else {
				x.v6 = append(x.v6, located{a, i})
			}
		}
		if len(d.Approved) > 0 && !d.External {
			x.Routers = append(x.Routers, i)
		}
		for _, r := range d.Approved {
			if !address.Exit(r) && !d.External {
				routes.AddPrefix(r)
			}
		}
	}
	x.Wildcard, _ = routes.IPSet()
	for _, all := range [][]located{x.v4, x.v6} {
		slices.SortFunc(all, func(a, b located) int { return cmp.Or(a.addr.Compare(b.addr), a.device-b.device) })
	}
}

// Person returns whose device it is, nil for a tagged device and where it is not known.
func (x *Index) Person(device int) *tailnet.Person {
	d := &x.Devices[device]
	if len(d.Tags) > 0 || d.External {
		return nil
	}
	return x.people[strings.ToLower(d.Login)]
}

// Live reports whether a device counts: those of suspended people do not.
func (x *Index) Live(device int) bool { return x.live.Has(device) }

// Share lets equal sets be one: most of a large tailnet are empty, or the same for both
// families. None of them may be changed afterwards.
func (x *Index) Share(sets ...*Bits) {
	known := []Bits{x.none}
	for _, b := range sets {
		*b = b.Shared(known...)
		known = append(known, *b)
	}
}

// Empty returns an empty set of devices.
func (x *Index) Empty() Bits { return make(Bits, len(x.live)) }

// At returns the device that has an address.
func (x *Index) At(a netip.Addr) (int, bool) {
	i, ok := x.byAddr[a]
	return i, ok
}

// Named returns the devices of an ID, machine name or MagicDNS name.
func (x *Index) Named(name string) []int {
	return x.byName[strings.ToLower(strings.TrimSuffix(name, "."))]
}

// Owned returns the untagged devices of a login.
func (x *Index) Owned(login string) []int { return x.byLogin[strings.ToLower(login)] }

// Tagged returns the devices that have a tag.
func (x *Index) Tagged(tag string) []int { return x.byTag[strings.ToLower(tag)] }

// Listed reports whether the tailnet has a person of that login.
func (x *Index) Listed(login string) bool { return x.people[strings.ToLower(login)] != nil }

// Definition returns what the file defines by a name, in any case: a group, host, IP set
// or posture.
func (x *Index) Definition(name string) (*grammar.Definition, bool) {
	d, ok := x.defined[name]
	if !ok {
		d, ok = x.defined[strings.ToLower(name)]
	}
	return d, ok
}

// within adds to the sets the devices whose addresses are in ranges.
func (x *Index) within(ranges *netipx.IPSet, v4, v6 Bits) {
	for _, r := range ranges.Ranges() {
		all, into := x.v4, v4
		if r.From().Is6() {
			all, into = x.v6, v6
		}
		i, _ := slices.BinarySearchFunc(all, r.From(), func(l located, a netip.Addr) int { return l.addr.Compare(a) })
		for ; i < len(all) && r.Contains(all[i].addr); i++ {
			into.Add(all[i].device)
		}
	}
}
