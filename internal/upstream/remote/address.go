// SPDX-License-Identifier: MIT

package remote

import (
	"fmt"
	"net/netip"

	"tailscale-mcp/internal/upstream/entry"
)

// special are addresses that are none of the internet, and what they are.
var special = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this host"},
	{netip.MustParsePrefix("127.0.0.0/8"), "this host"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private network"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private network"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private network"},
	{netip.MustParsePrefix("100.64.0.0/10"), "the tailnet, or the network of a provider"},
	{netip.MustParsePrefix("169.254.0.0/16"), "the link, where clouds tell their secrets"},
	{netip.MustParsePrefix("192.0.0.0/24"), "for special use"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for special use"},
	{netip.MustParsePrefix("224.0.0.0/4"), "of many"},
	{netip.MustParsePrefix("240.0.0.0/4"), "for special use"},
	{netip.MustParsePrefix("::/127"), "this host"},
	{netip.MustParsePrefix("fd7a:115c:a1e0::/48"), "the tailnet"},
	{netip.MustParsePrefix("fc00::/7"), "a private network"},
	{netip.MustParsePrefix("fe80::/10"), "the link"},
	{netip.MustParsePrefix("fec0::/10"), "a private network"},
	{netip.MustParsePrefix("ff00::/8"), "of many"},
	{netip.MustParsePrefix("2001::/32"), "of a tunnel"}, // Teredo, with an IPv4 address in it
}

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	sixTo4  = netip.MustParsePrefix("2002::/16")
	unicast = netip.MustParsePrefix("2000::/3")
)

// refused says why an address is none that a server with this network is reached at; empty
// if it is.
func refused(addr netip.Addr, n entry.Network) string {
	if n.Unconfined {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	for _, listed := range n.Listed {
		if listed.Contains(addr) {
			return ""
		}
	}
	if !n.Internet {
		return fmt.Sprintf("the address %s is none that its entry lists", addr)
	}
	for real := addr; ; {
		for _, s := range special {
			if s.prefix.Contains(real) {
				return fmt.Sprintf("the address %s is %s, which is not the internet", addr, s.what)
			}
		}
		inner, carries := carried(real)
		if !carries {
			if real.Is6() && !unicast.Contains(real) {
				return fmt.Sprintf("the address %s is for special use, which is not the internet", addr)
			}
			return ""
		}
		real = inner
	}
}

// carried is the IPv4 address in one of IPv6 by which a translator or tunnel reaches it.
func carried(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case sixTo4.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
