// SPDX-License-Identifier: MIT

package unit

import (
	"strings"

	"tailscale-mcp/internal/upstream/entry"
)

// notInternet are the addresses that "internet" leaves out: this host, the tailnet,
// private and link-local ranges, multicast and what is for special use; in IPv6 also the
// forms that carry an IPv4 address of these through a translator.
var notInternet = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
	"::/127", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2002::/16", "64:ff9b:1::/48",
	"64:ff9b::/104", "64:ff9b::a00:0/104", "64:ff9b::6440:0/106", "64:ff9b::7f00:0/104", "64:ff9b::a9fe:0/112",
	"64:ff9b::ac10:0/108", "64:ff9b::c000:0/120", "64:ff9b::c0a8:0/112", "64:ff9b::c612:0/111", "64:ff9b::e000:0/99",
}

// network are the lines that hold a server to its network. Unix sockets are not among
// what it may make: tailscaled, D-Bus and docker are out of reach.
func network(n entry.Network) string {
	const on = "RestrictAddressFamilies=AF_INET AF_INET6\n"
	switch {
	case n.Unconfined:
		return "# The whole network of the host, and in its name.\n" + on
	case n.Internet:
		// Where systemd can tell interfaces apart, the host is not reached by its public
		// address either.
		return on + "RestrictNetworkInterfaces=~lo tailscale0\n" +
			"IPAddressDeny=" + strings.Join(notInternet, " ") + "\n"
	case len(n.Listed) > 0:
		listed := make([]string, len(n.Listed))
		for i, prefix := range n.Listed {
			listed[i] = prefix.String()
		}
		return on + "IPAddressDeny=any\nIPAddressAllow=" + strings.Join(listed, " ") + "\n"
	}
	return "PrivateNetwork=yes\nRestrictAddressFamilies=none\nIPAddressDeny=any\n"
}
