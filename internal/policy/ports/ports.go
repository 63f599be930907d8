// SPDX-License-Identifier: MIT

// Package ports reads the ports and protocols of policy files, and says whether they let
// something pass. A leaf.
package ports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Range is the ports First to Last, both included; 0 to 65535 are all.
type Range struct{ First, Last uint16 }

// All is every port.
var All = Range{0, 65535}

// String writes the range as policy files do: "443", "80-90", "*".
func (r Range) String() string {
	switch {
	case r == All:
		return "*"
	case r.First == r.Last:
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Parse reads "443", "80-90", "*" or a list of these as "22,80-90", and reports whether the text is that.
func Parse(text string) ([]Range, bool) {
	var all []Range
	for part := range strings.SplitSeq(text, ",") {
		if part == "*" {
			all = append(all, All)
			continue
		}
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err != nil || err2 != nil || first > last {
			return nil, false
		}
		all = append(all, Range{uint16(first), uint16(last)})
	}
	return all, true
}

// Cut splits NAME:PORTS of "acls" and "tests" at its last colon. An IPv6 address may
// stand in brackets.
func Cut(target string) (name, list string, found bool) {
	i := strings.LastIndexByte(target, ':')
	if i < 0 {
		return target, "", false
	}
	name, list = target[:i], target[i+1:]
	if bare, ok := strings.CutPrefix(name, "["); ok {
		name = strings.Replace(bare, "]", "", 1)
	}
	return name, list, true
}

// Open is what a rule opens at a destination: protocols and ports.
type Open struct {
	Protocols []int // IP protocol numbers; empty: TCP, UDP and ICMP
	Ports     []Range
}

// Grant reads an entry of "ip": "*", PORTS or PROTOCOL:PORTS, and reports whether the
// text is one.
func Grant(text string) (Open, bool) {
	name, list, found := strings.Cut(text, ":")
	if !found {
		ports, ok := Parse(text)
		return Open{Ports: ports}, ok
	}
	protocols, ok := Protocol(name)
	ports, ok2 := Parse(list)
	return Open{Protocols: protocols, Ports: ports}, ok && ok2
}

// Lets reports whether an opening lets a protocol pass to a port, as tailscaled decides.
// Protocol 0 is TCP or UDP, port 0 any port. ICMP passes where anything is open. Ports
// are of TCP, UDP and SCTP; of all other protocols an opening has to have every port.
func (o Open) Lets(protocol int, port uint16) bool {
	switch protocol {
	case 0:
		return o.Lets(tcp, port) || o.Lets(udp, port)
	case icmp, icmp6:
		return len(o.Ports) > 0
	}
	if len(o.Protocols) == 0 && protocol != tcp && protocol != udp || len(o.Protocols) > 0 && !slices.Contains(o.Protocols, protocol) {
		return false
	}
	if Ported(protocol) {
		return slices.ContainsFunc(o.Ports, func(r Range) bool { return port == 0 || r.First <= port && port <= r.Last })
	}
	return slices.Contains(o.Ports, All)
}

// Text writes an opening as a grant would: "tcp:443", "80-90", "*", an entry for each.
func (o Open) Text() []string {
	var all []string
	for _, r := range o.Ports {
		if len(o.Protocols) == 0 {
			all = append(all, r.String())
		}
		for _, p := range o.Protocols {
			all = append(all, Name(p)+":"+r.String())
		}
	}
	return all
}
