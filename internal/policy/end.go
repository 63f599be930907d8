// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/posture"
	"tailscale-mcp/internal/policy/selector"
)

// end is one of what an Endpoint is, asked about by itself.
type end struct {
	name                string
	device              int           // index, or nobody
	families            family        // of a device: which of its addresses are meant
	ranges              *netipx.IPSet // addresses that no device has
	service             int           // index, or nobody
	abstract            string        // a group or role whose people cannot be known
	everyone, strangers bool

	// attributes are the posture to assume, of "tests".
	attributes *posture.Attributes
}

// nobody is the index of no device or Service.
const nobody = -1

// family is a set of address families: a packet has the same at both ends.
type family uint8

const (
	four family = 1 << iota
	six
	both = four | six
)

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return four
	}
	return six
}

// of returns the families in which a device is in the sets.
func of(device int, v4, v6 selector.Bits) family {
	var f family
	if v4.Has(device) {
		f |= four
	}
	if v6.Has(device) {
		f |= six
	}
	return f
}

// match is in which families something surely is so, and in which it may be besides.
type match struct{ sure, may family }

// from says whether an end is a source of a rule, and in named whether it is but for
// its posture.
func (p *Policy) source(s *sources, e end) (m match, named family) {
	switch {
	case e.device >= 0:
		if s.anyone {
			return match{sure: e.families}, e.families
		}
		named = of(e.device, s.n4, s.n6) & e.families
		m = match{of(e.device, s.s4, s.s6) & e.families, of(e.device, s.m4, s.m6) & e.families}
	case e.everyone:
		m.sure = when(s.everyone)
	case e.strangers:
		m.sure = when(s.everyone || s.strangers)
	case e.abstract != "":
		named = when(slices.ContainsFunc(s.src, func(set *selector.Set) bool { return covering(set, e.abstract) }))
		if m.sure = named; len(s.posture) > 0 {
			m = match{may: named}
		}
	case e.ranges != nil && s.contains(e.ranges):
		m.sure = families(e.ranges)
	}
	named |= m.sure
	if e.attributes != nil && len(s.posture) > 0 {
		m = match{}
		if p.postured(s.posture, *e.attributes) == posture.Meets {
			m.sure = named
		}
	}
	return m, named
}

// when is both families, where something is so.
func when(so bool) family {
	if so {
		return both
	}
	return 0
}

// covering reports whether a selector surely has everybody of a group or role.
func covering(set *selector.Set, abstract string) bool {
	return set.Text == abstract || set.Everyone || set.Anyone || set.Text == "autogroup:member" || set.Text == "autogroup:members"
}

// target says whether an end is a destination of a rule, for a source.
func (p *Policy) target(r *rule, dst *selector.Set, e, src end) match {
	switch {
	case e.device >= 0 && len(r.via) > 0:
		return match{} // devices are reached directly
	case e.device >= 0 && dst.Everyone:
		return match{sure: e.families}
	case e.device >= 0 && dst.Self:
		if src.device >= 0 && p.same(src.device, e.device) {
			return match{sure: e.families}
		}
	case e.device >= 0 && !dst.Internet && dst.Service < 0:
		m := match{sure: of(e.device, dst.V4, dst.V6) & e.families}
		if dst.Doubt.Has(e.device) {
			m.may = e.families &^ m.sure
		}
		return m
	case e.everyone || e.strangers:
		return match{sure: when(dst.Everyone && e.everyone)}
	case e.abstract != "":
		return match{sure: when(covering(dst, e.abstract))}
	case e.ranges != nil && dst.Everyone,
		e.ranges != nil && dst.Ranges != nil && includes(dst.Ranges, e.ranges),
		e.service >= 0 && dst.Service == e.service:
		return match{sure: families(e.ranges)}
	}
	return match{}
}

// same reports whether two devices are untagged ones of one person.
func (p *Policy) same(a, b int) bool {
	x := p.index
	return x.Member(a) && x.Member(b) && strings.EqualFold(x.Devices[a].Login, x.Devices[b].Login)
}
