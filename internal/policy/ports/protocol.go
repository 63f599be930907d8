// SPDX-License-Identifier: MIT

package ports

import (
	"strconv"
	"strings"
)

// The protocols of which ports are looked at, and those of ping, by their numbers.
const (
	icmp, tcp, udp = 1, 6, 17
	icmp6, sctp    = 58, 132
)

// named are the protocols that policy files may name, with the name that is preferred
// first where there are several.
var named = []struct {
	name   string
	number int
}{
	{"icmp", icmp}, {"icmpv4", icmp}, {"igmp", 2}, {"ipv4", 4}, {"ip-in-ip", 4}, {"tcp", tcp}, {"egp", 8}, {"igp", 9},
	{"udp", udp}, {"dccp", 33}, {"gre", 47}, {"esp", 50}, {"ah", 51}, {"ipv6-icmp", icmp6}, {"icmpv6", icmp6}, {"tsmp", 99},
	{"sctp", sctp},
}

// Protocol returns the IP protocol numbers of a name or number, none for the empty text,
// "*" and 0 (TCP, UDP and ICMP), and reports whether there is such a protocol. The name
// "icmp" is that of IPv4 alone, as tailscaled reads it.
func Protocol(text string) ([]int, bool) {
	text = strings.ToLower(text)
	if text == "" || text == "*" || text == "0" {
		return nil, true
	}
	for _, n := range named {
		if n.name == text {
			return []int{n.number}, true
		}
	}
	n, err := strconv.ParseUint(text, 10, 8)
	return []int{int(n)}, err == nil
}

// Ported reports whether a protocol has ports that are looked at.
func Ported(protocol int) bool { return protocol == tcp || protocol == udp || protocol == sctp }

// Name returns the name of a protocol, or its number as text.
func Name(protocol int) string {
	for _, n := range named {
		if n.number == protocol {
			return n.name
		}
	}
	return strconv.Itoa(protocol)
}
