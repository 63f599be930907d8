// SPDX-License-Identifier: MIT

package compiled

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/posture"
	"tailscale-mcp/internal/policy/selector"
	"tailscale-mcp/internal/policy/tailnet"
)

// End is one of what an Endpoint is, asked about by itself.
type End struct {
	Name                string
	Device              int           // index, or Nobody
	Families            Family        // of a device: which of its addresses are meant
	Ranges              *netipx.IPSet // addresses that no device has
	Service             int           // index, or Nobody
	Abstract            string        // a group or role whose people cannot be known
	Everyone, Strangers bool

	// Attributes are the posture to assume, of "tests".
	Attributes *posture.Attributes
}

// Nobody is the index of no device or Service.
const Nobody = -1

// Family is a set of address families: a packet has the same at both ends.
type Family uint8

// The families.
const (
	Four Family = 1 << iota
	Six
	Both = Four | Six
)

// FamilyOf returns the family of an address.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return Four
	}
	return Six
}

// of returns the families in which a device is in the sets.
func of(device int, v4, v6 selector.Bits) Family {
	var f Family
	if v4.Has(device) {
		f |= Four
	}
	if v6.Has(device) {
		f |= Six
	}
	return f
}

// Match is in which families something surely is so, and in which it may be besides.
type Match struct{ Sure, May Family }

// Source says whether an end is a source of a rule, and in named whether it is but for
// its posture.
func (p *Policy) Source(s *Sources, e End) (m Match, named Family) {
	switch {
	case e.Device >= 0:
		if s.Anyone {
			return Match{Sure: e.Families}, e.Families
		}
		named = of(e.Device, s.n4, s.n6) & e.Families
		m = Match{of(e.Device, s.S4, s.S6) & e.Families, of(e.Device, s.M4, s.M6) & e.Families}
	case e.Everyone:
		m.Sure = when(s.Everyone)
	case e.Strangers:
		m.Sure = when(s.Everyone || s.Strangers)
	case e.Abstract != "":
		named = when(slices.ContainsFunc(s.Src, func(set *selector.Set) bool { return covering(set, e.Abstract) }))
		if m.Sure = named; len(s.Postures) > 0 {
			m = Match{May: named}
		}
	case e.Ranges != nil && s.Contains(e.Ranges):
		m.Sure = FamiliesOf(e.Ranges)
	}
	named |= m.Sure
	if e.Attributes != nil && len(s.Postures) > 0 {
		m = Match{}
		if p.postured(s.Postures, *e.Attributes) == posture.Meets {
			m.Sure = named
		}
	}
	return m, named
}

// when is both families, where something is so.
func when(so bool) Family {
	if so {
		return Both
	}
	return 0
}

// covering reports whether a selector surely has everybody of a group or role.
func covering(set *selector.Set, abstract string) bool {
	return strings.EqualFold(set.Text, abstract) || set.Everyone || set.Anyone || set.Members
}

// Target says whether an end is a destination of a rule, for a source.
func (p *Policy) Target(r *Network, dst *selector.Set, e, src End) Match {
	switch {
	case e.Device >= 0 && len(r.Via) > 0:
		return Match{} // devices are reached directly
	case e.Device >= 0 && dst.Everyone:
		return Match{Sure: e.Families}
	case e.Device >= 0 && dst.Self:
		if src.Device >= 0 && p.same(src.Device, e.Device) {
			return Match{Sure: e.Families}
		}
	case e.Device >= 0 && !dst.Internet && dst.Service < 0:
		m := Match{Sure: of(e.Device, dst.V4, dst.V6) & e.Families}
		if dst.Doubt.Has(e.Device) {
			m.May = e.Families &^ m.Sure
		}
		return m
	case e.Everyone || e.Strangers:
		return Match{Sure: when(dst.Everyone && e.Everyone)}
	case e.Abstract != "":
		return Match{Sure: when(covering(dst, e.Abstract))}
	case e.Ranges != nil && dst.Everyone,
		e.Ranges != nil && dst.Ranges != nil && Includes(dst.Ranges, e.Ranges),
		e.Service >= 0 && dst.Service == e.Service:
		return Match{Sure: FamiliesOf(e.Ranges)}
	}
	return Match{}
}

// same reports whether two devices are untagged ones of one person.
func (p *Policy) same(a, b int) bool {
	x := p.Index
	return x.Member(a) && x.Member(b) && strings.EqualFold(x.Devices[a].Login, x.Devices[b].Login)
}

// Addressed makes an end of one address: that of a device or of a Service, where it is.
func (p *Policy) Addressed(e End, a netip.Addr) End {
	if i, ok := p.Index.At(a); ok {
		e.Device, e.Ranges, e.Families = i, nil, FamilyOf(a)
		return e
	}
	for i, s := range p.Net.Services {
		if slices.Contains(s.Addrs, a) {
			e.Service = i
		}
	}
	return e
}

// FamiliesOf returns of which families a set has addresses.
func FamiliesOf(s *netipx.IPSet) Family {
	var all Family
	for _, r := range s.Ranges() {
		all |= FamilyOf(r.From())
	}
	return all
}

// NameOf is how answers name a device.
func NameOf(d *tailnet.Device) string {
	switch {
	case d.Name != "":
		return d.Name
	case d.ID != "":
		return d.ID
	case d.Login != "":
		return d.Login
	case len(d.Tags) > 0:
		return d.Tags[0]
	}
	return "a device without a name"
}
