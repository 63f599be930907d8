// SPDX-License-Identifier: MIT

// Package selector says what the names of a policy file stand for in a tailnet: groups,
// tags, logins, autogroups, host aliases, addresses, IP sets and Services become sets of
// devices and ranges of addresses, with what cannot be known.
package selector

import "go4.org/netipx"

// Set is what a selector stands for.
type Set struct {
	Text  string
	Known bool // it means something: the name is defined, or the tailnet has it

	// V4 and V6 are the devices whose address of that family is surely in the set, Doubt
	// those of which it cannot be known. Why says what would have to be, for one of them.
	V4, V6, Doubt Bits
	Why           func(device int) string

	// Ranges are addresses by themselves: of a host alias, an address, an IP set, a
	// Service; and of "*" the tailnet's own with its approved routes. Nil is none.
	Ranges *netipx.IPSet

	Everyone bool // "*"
	Anyone   bool // "autogroup:danger-all"
	Members  bool // "autogroup:member"
	Self     bool // "autogroup:self"
	Internet bool // "autogroup:internet"
	Service  int  // index of the Service, or -1
	// Strangers is set for "autogroup:shared": people of other tailnets, who are not listed.
	Strangers bool
}

// Literal reports whether the selector is addresses by themselves, and no devices.
func (s *Set) Literal() bool { return s.Ranges != nil && !s.Everyone && s.Service < 0 }
