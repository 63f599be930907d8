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

// named are the protocols that policy files may name: those of the syntax reference.
var named = map[string]int{
	"icmp": icmp, "igmp": 2, "ipv4": 4, "ip-in-ip": 4, "tcp": tcp, "egp": 8, "igp": 9, "udp": udp,
	"dccp": 33, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": icmp6, "sctp": sctp, "fc": 133,
}

// Protocol returns the IP protocol numbers of a name or number, none for the empty text
// (TCP, UDP and ICMP), and reports whether there is such a protocol. The name "icmp" is
// that of both families.
func Protocol(text string) ([]int, bool) {
	text = strings.ToLower(text)
	n, err := strconv.ParseUint(text, 10, 8)
	switch number, ok := named[text]; {
	case text == "":
		return nil, true
	case text == "icmp":
		return []int{icmp, icmp6}, true
	case ok:
		return []int{number}, true
	case err == nil:
		return []int{int(n)}, true
	}
	return nil, false
}

// Name returns the name of a protocol, or its number as text.
func Name(protocol int) string {
	best := strconv.Itoa(protocol)
	for name, number := range named {
		if number == protocol && name != "ip-in-ip" {
			best = name
		}
	}
	return best
}
