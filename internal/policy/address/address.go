// SPDX-License-Identifier: MIT

// Package address reads the addresses of policy files and knows the ranges to which
// Tailscale gives a meaning. A leaf.
package address

import (
	"net/netip"
	"strings"
	"sync"

	"go4.org/netipx"
)

// Parse reads an address, a prefix (its host bits do not count) or a range FIRST-LAST,
// and reports whether the text is one.
func Parse(text string) (netipx.IPRange, bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netipx.IPRangeFrom(a, a), true
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		return netipx.RangeOfPrefix(p.Masked()), true
	}
	if strings.Contains(text, "-") {
		if r, err := netipx.ParseIPRange(text); err == nil && r.IsValid() {
			return r, true
		}
	}
	return netipx.IPRange{}, false
}

// Of returns the set of ranges. Ranges that are not valid are left out.
func Of(ranges ...netipx.IPRange) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, r := range ranges {
		if r.IsValid() {
			b.AddRange(r)
		}
	}
	return set(&b)
}

// set finishes a set: its only errors are ranges that are not valid.
func set(b *netipx.IPSetBuilder) *netipx.IPSet {
	s, err := b.IPSet()
	if err != nil {
		return &netipx.IPSet{}
	}
	return s
}

// Build returns the set that fill makes.
func Build(fill func(*netipx.IPSetBuilder)) *netipx.IPSet {
	var b netipx.IPSetBuilder
	fill(&b)
	return set(&b)
}

// Tailnet returns the addresses that devices get: Tailscale's CGNAT and ULA ranges,
// without 100.115.92.0/23, which ChromeOS uses itself.
var Tailnet = sync.OnceValue(func() *netipx.IPSet {
	return Build(func(b *netipx.IPSetBuilder) {
		b.AddPrefix(netip.MustParsePrefix("100.64.0.0/10"))
		b.RemovePrefix(netip.MustParsePrefix("100.115.92.0/23"))
		b.AddPrefix(netip.MustParsePrefix("fd7a:115c:a1e0::/48"))
	})
})

// Internet returns what "autogroup:internet" stands for: the addresses of IPv4 without
// private, link-local and CGNAT ones, and the global unicast addresses of IPv6.
var Internet = sync.OnceValue(func() *netipx.IPSet {
	return Build(func(b *netipx.IPSetBuilder) {
		b.AddPrefix(netip.MustParsePrefix("0.0.0.0/0"))
		for _, private := range []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} {
			b.RemovePrefix(netip.MustParsePrefix(private))
		}
		b.AddPrefix(netip.MustParsePrefix("2000::/3"))
	})
})

// All returns every address, a range for each family.
func All() []netipx.IPRange {
	return []netipx.IPRange{
		netipx.RangeOfPrefix(netip.MustParsePrefix("0.0.0.0/0")),
		netipx.RangeOfPrefix(netip.MustParsePrefix("::/0")),
	}
}

// Exit reports whether a route is that of an exit node.
func Exit(route netip.Prefix) bool { return route.Bits() == 0 }
