// SPDX-License-Identifier: MIT

package policy

import (
	"slices"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/selector"
)

// Access is what one rule gives, or may give, between one end and others.
type Access struct {
	Rule    Rule
	Answer  Answer   // Yes or Unknown
	Unknown []string // what would have to be known, a phrase each

	Selectors []string // of the rule that say who or what is at the other end, as they are written
	People    []string // logins of the people whose devices are at the other end
	Tags      []string // tags of the tagged devices at the other end
	Devices   []string // names of all devices at the other end
	Ranges    []string // addresses and ranges at the other end that belong to no device
	Ports     []string // "tcp:443", "udp:*", "*"
	Via       []string // names of the devices that carry it
}

// Sources says who reaches a destination, rule by rule, in the order of the file; where a
// rule has some that surely do and some that may, in two answers. proto and port are
// those of [Question]; a port of 0 is any.
func (p *Policy) Sources(dst Endpoint, proto int, port uint16) []Access {
	var out []Access
	who := p.crowdOf(dst.ends)
	for _, r := range p.Rules {
		sure, may := Access{Rule: r.Rule, Answer: Yes}, Access{Rule: r.Rule, Answer: Unknown}
		self, hit := false, compiled.Match{}
		for _, f := range r.Facets {
			opens := opensOf(f, proto, port)
			if len(opens) == 0 {
				continue
			}
			m := who.targets(r, f.Dst)
			for _, d := range who.rest {
				one := p.Target(r, f.Dst, d, d)
				if one.Sure|one.May != 0 && d.Ranges != nil {
					carriers := p.Carriers(r, d)
					if len(carriers) == 0 {
						continue
					}
					sure.Via = append(sure.Via, p.NamesOf(carriers)...)
				}
				m.Sure |= one.Sure
				m.May |= one.May
			}
			hit.Sure |= m.Sure
			hit.May |= m.May
			if m.Sure|m.May != 0 {
				self = self || f.Dst.Self
				sure.Ports = append(sure.Ports, opens...)
			}
		}
		if hit.Sure|hit.May == 0 {
			continue
		}
		may.Ports, may.Via = slices.Clone(sure.Ports), slices.Clone(sure.Via)
		p.sides(r, who, self, hit, &sure, &may)
		out = appendAccess(out, sure, may)
	}
	return out
}

// sides fills in who is at the source of a rule.
func (p *Policy) sides(r *compiled.Network, dst *crowd, self bool, hit compiled.Match, sure, may *Access) {
	for _, s := range r.Src {
		sure.Selectors = append(sure.Selectors, s.Text)
	}
	may.Selectors = sure.Selectors
	s4, s6 := pick(r.S4, hit.Sure&compiled.Four), pick(r.S6, hit.Sure&compiled.Six)
	all := p.Index.Empty()
	all.Merge(s4)
	all.Merge(s6)
	doubt := p.Index.Empty()
	for f, sets := range map[compiled.Family][]selector.Bits{compiled.Four: {r.M4, r.S4}, compiled.Six: {r.M6, r.S6}} {
		doubt.Merge(pick(sets[0], (hit.Sure|hit.May)&f))
		doubt.Merge(pick(sets[1], hit.May&f))
	}
	if self {
		mine := p.owned(dst.members)
		all, doubt = all.Of(mine, selector.And), doubt.Of(mine, selector.And)
	}
	doubt = doubt.Of(all, selector.Not)
	// Devices of other tailnets only answer.
	all, doubt = all.Of(p.Index.Outside, selector.Not), doubt.Of(p.Index.Outside, selector.Not)
	p.list(sure, all)
	p.list(may, doubt)
	if !self {
		for _, l := range r.Literal {
			for _, one := range l.Ranges() {
				sure.Ranges = append(sure.Ranges, rangeText(one))
			}
		}
		if r.Anyone {
			sure.Ranges = []string{"*"}
		}
		if r.Strangers {
			may.Unknown = append(may.Unknown, compiled.Strangers)
		}
	}
	for i := range doubt.All() {
		if len(may.Unknown) > 2*compiled.ManyDoubts {
			break
		}
		may.Unknown = append(may.Unknown, p.Doubts(&r.Sources, i)...)
	}
}

// owned returns the devices of all whose devices are in a set.
func (p *Policy) owned(members selector.Bits) selector.Bits {
	all := p.Index.Empty()
	for i := range members.All() {
		if !all.Has(i) {
			for _, j := range p.Index.Owned(p.Index.Devices[i].Login) {
				all.Add(j)
			}
		}
	}
	return all
}

// pick is a set where a family counts, and nothing otherwise.
func pick(b selector.Bits, f compiled.Family) selector.Bits {
	if f == 0 {
		return nil
	}
	return b
}

// list enters devices by name, and whose they are.
func (p *Policy) list(a *Access, devices selector.Bits) {
	people, tags := map[string]bool{}, map[string]bool{}
	for i := range devices.All() {
		d := &p.Index.Devices[i]
		if i < p.Index.Real {
			a.Devices = append(a.Devices, compiled.NameOf(d))
		}
		if len(d.Tags) == 0 && d.Login != "" {
			people[d.Login] = true
		}
		for _, t := range d.Tags {
			tags[t] = true
		}
	}
	a.People, a.Tags = sorted(a.People, people), sorted(a.Tags, tags)
}

func sorted(all []string, more map[string]bool) []string {
	for name := range more {
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// opensOf is what of a facet lets a protocol and port pass, as a grant would write it.
func opensOf(f compiled.Facet, proto int, port uint16) []string {
	var all []string
	for _, o := range f.Open {
		if o.Lets(proto, port) {
			all = append(all, o.Text()...)
		}
	}
	return all
}

// appendAccess appends the answers that say something.
func appendAccess(out []Access, all ...Access) []Access {
	for _, a := range all {
		a.Ports, a.Via, a.Unknown = unique(a.Ports), unique(a.Via), compiled.Phrases(a.Unknown)
		if len(a.Devices)+len(a.People)+len(a.Tags)+len(a.Ranges) > 0 || a.Answer == Unknown && len(a.Unknown) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// unique drops what was there before, and keeps the order.
func unique(all []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
}
