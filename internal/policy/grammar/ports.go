// SPDX-License-Identifier: MIT

package grammar

import (
	"fmt"
	"strconv"
	"strings"
)

// protocols are the names that the service knows. Those with ports may be narrowed to
// some of them.
var protocols = map[string]bool{ // has ports
	"ah": false, "dccp": false, "egp": false, "esp": false, "gre": false, "icmp": false, "icmpv4": false,
	"icmpv6": false, "igmp": false, "igp": false, "ip-in-ip": false, "ipv4": false, "ipv6-icmp": false,
	"sctp": true, "tcp": true, "tsmp": false, "udp": true,
}

// protoMistake says what is wrong with a protocol: a name or a number to 255.
func protoMistake(proto string) string {
	if proto == "" {
		return ""
	}
	if _, err := strconv.ParseUint(proto, 10, 8); err == nil {
		return ""
	}
	if _, ok := protocols[strings.ToLower(proto)]; ok {
		return ""
	}
	return "proto name " + strconv.Quote(proto) + " not known; use protocol number 0-255"
}

// hasPorts reports whether a protocol can be narrowed to ports; none stands for all of
// TCP, UDP and ICMP.
func hasPorts(proto string) bool {
	switch proto {
	case "", "6", "17", "132":
		return true
	}
	return protocols[strings.ToLower(proto)]
}

// ipMistake says what is wrong with an entry of a grant's "ip": PORTS or PROTO:PORTS.
func ipMistake(entry string) string {
	if entry == "" {
		return "empty string"
	}
	proto, ports, found := cutLast(entry)
	if !found {
		return portsMistake(entry)
	}
	if mistake := portsMistake(ports); mistake != "" {
		return mistake
	}
	switch proto {
	case "":
		return "empty protocol"
	case "*":
		return ""
	}
	if strings.Contains(proto, ",") {
		return `host cannot contain a comma (",")`
	}
	return protoMistake(proto)
}

// portsMistake says what is wrong with a port, a range of ports or "*".
func portsMistake(ports string) string {
	ports = strings.ToLower(ports)
	switch {
	case ports == "*":
		return ""
	case ports == "":
		return `invalid port list: ""`
	case strings.Count(ports, "-") > 1:
		return fmt.Sprintf("port range %q: too many dashes(-)", ports)
	}
	low, high, isRange := strings.Cut(ports, "-")
	first, err := strconv.ParseUint(low, 10, 16)
	if err != nil {
		return fmt.Sprintf("port range %q: invalid first integer", ports)
	}
	last := first
	if isRange {
		if last, err = strconv.ParseUint(high, 10, 16); err != nil {
			return fmt.Sprintf("port range %q: invalid last integer", ports)
		}
	}
	switch {
	case first == 0:
		return fmt.Sprintf("port range %q: first port must be >0, or use '*' for wildcard", ports)
	case first > last:
		return fmt.Sprintf("port range %q: first port must be >= last port", ports)
	}
	return ""
}

// cutLast cuts at the last colon: an IPv6 address has more.
func cutLast(text string) (host, ports string, found bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// hostMistake says what is wrong with a NAME:PORTS, of which the ports may be a list.
func hostMistake(entry string) string {
	host, ports, found := cutLast(entry)
	switch {
	case !found:
		return `hostport must contain a colon (":")`
	case strings.Contains(host, ","):
		return `host cannot contain a comma (",")`
	}
	for part := range strings.SplitSeq(ports, ",") {
		if mistake := portsMistake(part); mistake != "" {
			return mistake
		}
	}
	return ""
}
