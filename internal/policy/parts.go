// SPDX-License-Identifier: MIT

package policy

import (
	"go4.org/netipx"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// From is who a compiled rule is for, as package change compares it.
type From struct {
	Sets     []*selector.Set // what its selectors stand for
	Postures []string        // names of postures, one of which has to be met
	// By the family of their address: the devices that are sources surely, and may be.
	V4, V6, May4, May6 selector.Bits
	Literal            []*netipx.IPSet // addresses by themselves; none where there is a posture
	Anyone             bool            // whoever sends
	Strangers          bool            // people of other tailnets
}

// To is a destination of a rule, and what is open there.
type To struct {
	Set  *selector.Set
	Open []ports.Open
}

// Part is a compiled rule of "acls" or "grants", or the one that stands for neither.
type Part struct {
	Rule
	From
	Via    []string
	Routed selector.Bits // devices of via
	To     []To
	Caps   []grammar.Capability
}

// Parts returns the rules of the network, in the order of the file. What they hold is
// shared and must not be changed.
func (p *Policy) Parts() []Part {
	all := make([]Part, 0, len(p.rules))
	for _, r := range p.rules {
		one := Part{Rule: r.Rule, From: r.sources.part(), Via: r.via, Routed: r.routed, Caps: r.caps}
		for _, f := range r.facets {
			one.To = append(one.To, To{f.dst, f.open})
		}
		all = append(all, one)
	}
	return all
}

// SSHPart is a compiled rule of "ssh".
type SSHPart struct {
	SSHRule // without sources
	From
	To         []*selector.Set
	Localparts []string // "@DOMAIN": its people may be the user of their login's name
}

// SSHParts returns the rules of "ssh" in the order in which they decide: the first that
// matches does. What they hold is shared and must not be changed.
func (p *Policy) SSHParts() []SSHPart {
	all := make([]SSHPart, 0, len(p.ssh))
	for _, r := range p.ssh {
		one := SSHPart{SSHRule: r.made, From: r.sources.part(), To: r.dst, Localparts: r.localparts}
		one.Users = r.users
		all = append(all, one)
	}
	return all
}

func (s *sources) part() From {
	return From{s.src, s.posture, s.s4, s.s6, s.m4, s.m6, s.literal, s.anyone, s.strangers}
}

// Index returns what is in the tailnet, and what names stand for there. It may be asked
// by one goroutine at a time.
func (p *Policy) Index() *selector.Index { return p.index }
