// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"net/netip"

	"go4.org/netipx"
)

// Ports are the ports First to Last, both included; 0 to 65535 are all.
type Ports struct{ First, Last uint16 }

// Target is a range of addresses and ports that a filter rule opens.
type Target struct {
	Addrs netipx.IPRange
	Ports Ports
}

// CapMap is application capabilities and their values, as WhoIs gives them: plain JSON.
type CapMap map[string][]json.RawMessage

// CapGrant gives capabilities on a device to the sources of its rule.
type CapGrant struct {
	Dsts []netip.Prefix // addresses of the device
	Caps CapMap
}

// FilterRule is one rule of the packet filter of a device, with the meaning of
// tailcfg.FilterRule.
type FilterRule struct {
	Src    []netipx.IPRange
	Dst    []Target
	Protos []int // IP protocol numbers; empty: TCP, UDP and ICMP
	Caps   []CapGrant

	Rule Rule
	// Unknown says what would have to be known for the rule to count, a phrase each;
	// empty where it does. A packet filter for real use leaves the others out.
	Unknown []string
}

// Filter returns the packet filter that a device (its ID or name) gets, nil where it has
// no rules: then it accepts nothing.
func (p *Policy) Filter(device string) []FilterRule { panic("not written yet") }

// Capabilities returns what a WhoIs of a host says of a peer: the application
// capabilities that the file gives it there, and those that it may give, with what
// would have to be known.
func (p *Policy) Capabilities(peer, host netip.Addr) (sure, may CapMap, unknown []string) {
	panic("not written yet")
}

// NodeAttrs returns the attributes that "nodeAttrs" gives a device (its ID or name),
// with the values of its applications, and those that it may give.
func (p *Policy) NodeAttrs(device string) (sure, may CapMap, unknown []string) {
	panic("not written yet")
}
