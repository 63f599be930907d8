// SPDX-License-Identifier: MIT

package effect

import (
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
	"tailscale-mcp/internal/policy/tailnet"
)

// world is a tailnet and two files compiled for it. It has a device without an address,
// a stand-in, for each tag, and each person who has none: so what a rule gives to them is
// found like everything else, and both files number their devices alike.
type world struct {
	focus   Focus
	before  side
	after   side
	index   *selector.Index
	stands  selector.Bits // stand-ins
	absent  selector.Bits // stand-ins for what the tailnet does not have
	targets selector.Bits // devices that rules can be about as destinations
	caller  int           // device of the caller; -1: nobody asks
	hosts   []int         // devices that this server may be; empty: not known
	own     ownWay
	first   int // index of the first stand-in
	// pure are the stand-ins of tags, each with one tag alone, also beside devices that
	// have it: what they may do is what the owners of the tag may do.
	pure map[string]int
}

// side is one of the two files.
type side struct {
	file *grammar.File
	*compiled.Policy
}

func newWorld(old, now *grammar.File, t *tailnet.Tailnet, focus Focus) *world {
	w := &world{focus: focus, caller: -1, first: len(t.Devices), pure: map[string]int{}}
	all := *t
	all.Devices = slices.Clone(t.Devices)
	s := &standIns{world: w, net: &all, has: map[string]bool{}, listed: map[string]bool{}}
	s.present()
	s.parties()
	for _, f := range []*grammar.File{old, now} {
		s.named(f)
	}
	w.before, w.after = side{old, compiled.Compile(old, &all)}, side{now, compiled.Compile(now, &all)}
	w.index = w.after.Index
	w.stands, w.absent, w.targets = w.index.Empty(), w.index.Empty(), w.index.Empty()
	for i := range all.Devices {
		if !all.Devices[i].External && w.index.Live(i) {
			w.targets.Add(i)
		}
		if i >= w.first {
			w.stands.Add(i)
		}
	}
	for _, i := range s.absent {
		w.absent.Add(i)
	}
	return w
}

// standIns adds stand-ins to a tailnet.
type standIns struct {
	*world
	net         *tailnet.Tailnet
	has, listed map[string]bool // logins with a device; logins of the tailnet's people
	absent      []int
}

// present looks at who has a device.
func (s *standIns) present() {
	for _, d := range s.net.Devices {
		if d.External {
			continue
		}
		if len(d.Tags) == 0 {
			s.has[strings.ToLower(d.Login)] = true
		}
	}
	for _, p := range s.net.People {
		s.listed[strings.ToLower(p.Login)] = true
	}
}

// add adds a stand-in and returns its index.
func (s *standIns) add(d tailnet.Device) int {
	s.net.Devices = append(s.net.Devices, d)
	return len(s.net.Devices) - 1
}

// parties finds the devices of the caller and of this server, and adds what is not listed.
func (s *standIns) parties() {
	at := func(a netip.Addr) int {
		return slices.IndexFunc(s.net.Devices, func(d tailnet.Device) bool { return a.IsValid() && slices.Contains(d.Addrs, a) })
	}
	f := s.focus
	if f.CallerLogin != "" || len(f.CallerTags) > 0 {
		i := at(f.CallerAddr.Unmap())
		if i < 0 || !isCaller(&s.net.Devices[i], f) {
			d := tailnet.Device{Name: "the caller's device", Login: f.CallerLogin, Tags: slices.Clone(f.CallerTags)}
			if len(d.Tags) > 0 {
				d.Login = ""
			}
			if f.CallerAddr.IsValid() {
				d.Addrs = []netip.Addr{f.CallerAddr.Unmap()}
			}
			i = s.add(d)
		}
		s.caller = i
	}
	for _, a := range f.Addrs {
		if i := at(a.Unmap()); i >= 0 && !slices.Contains(s.hosts, i) {
			s.hosts = append(s.hosts, i)
		}
	}
	addressed := len(s.hosts) > 0
	for i := range s.net.Devices {
		if len(f.Tags) > 0 && !addressed && sameTags(s.net.Devices[i].Tags, f.Tags) {
			s.hosts = append(s.hosts, i)
		}
	}
	if len(s.hosts) == 0 && len(f.Addrs)+len(f.Tags) > 0 {
		s.hosts = []int{s.add(tailnet.Device{Name: "this server", Tags: slices.Clone(f.Tags), Addrs: slices.Clone(f.Addrs)})}
	}
}

// isCaller reports whether a device is what the caller was found to be.
func isCaller(d *tailnet.Device, f Focus) bool {
	if len(f.CallerTags) > 0 {
		return sameTags(d.Tags, f.CallerTags)
	}
	return len(d.Tags) == 0 && strings.EqualFold(d.Login, f.CallerLogin)
}

func sameTags(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// named adds stand-ins for the people of the tailnet, and for the people and tags that a
// file names.
func (s *standIns) named(f *grammar.File) {
	for _, p := range s.net.People {
		s.person(p.Login)
	}
	all := func(names []grammar.Name) {
		for _, n := range names {
			s.one(n.Text)
		}
	}
	for _, section := range [][]grammar.Definition{f.Groups, f.TagOwners, f.AutoApprovers.Routes, f.AutoApprovers.Services} {
		for _, d := range section {
			s.one(d.Text)
			all(d.Values)
		}
	}
	all(f.AutoApprovers.ExitNode)
	for _, a := range f.ACLs {
		all(a.Src)
		for _, d := range a.Dst {
			name, _, _ := ports.Cut(d.Text)
			s.one(name)
		}
	}
	for _, g := range f.Grants {
		all(g.Src)
		all(g.Dst)
		all(g.Via)
	}
	for _, r := range f.SSH {
		all(r.Src)
		all(r.Dst)
	}
	for _, a := range f.NodeAttrs {
		all(a.Target)
	}
}

func (s *standIns) one(name string) {
	switch kind, _, _ := strings.Cut(name, ":"); {
	case kind == "tag":
		if _, ok := s.pure[strings.ToLower(name)]; !ok {
			i := s.add(tailnet.Device{Tags: []string{name}})
			s.pure[strings.ToLower(name)] = i
			s.absent = append(s.absent, i)
		}
	case strings.Contains(name, "@") && kind == name:
		s.person(name)
	}
}

// person adds a stand-in for a person without a device.
func (s *standIns) person(login string) {
	key := strings.ToLower(login)
	if key == "" || s.has[key] {
		return
	}
	s.has[key] = true
	i := s.add(tailnet.Device{Login: login})
	if !s.listed[key] && !s.net.Partial {
		s.absent = append(s.absent, i)
	}
}

// whose says whose devices are: people, and whether the tailnet lacks them; tags; and how
// many are tagged.
func (w *world) whose(devices selector.Bits) (people map[string]bool, tags []string, tagged int) {
	people = map[string]bool{}
	for i := range devices.All() {
		d := &w.index.Devices[i]
		if len(d.Tags) > 0 {
			tagged++
			tags = append(tags, d.Tags...)
			continue
		}
		people[strings.ToLower(d.Login)] = w.absent.Has(i)
	}
	slices.Sort(tags)
	return people, slices.Compact(tags), tagged
}

// owner is the login of whose device a source is; empty for all else.
func (w *world) owner(i int) string {
	if i >= w.devices() || !w.index.Member(i) {
		return ""
	}
	return strings.ToLower(w.index.Devices[i].Login)
}

// people are the devices of each person.
func (w *world) people() map[string][]int {
	all := map[string][]int{}
	for i := range w.index.Devices {
		if owner := w.owner(i); owner != "" && w.index.Live(i) {
			all[owner] = append(all[owner], i)
		}
	}
	return all
}
