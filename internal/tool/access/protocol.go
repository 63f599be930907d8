// SPDX-License-Identifier: MIT

package access

import (
	"strconv"
	"strings"

	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/tool"
)

// protocol returns the number of an IP protocol; 0 means TCP.
//
// https://www.iana.org/assignments/protocol-numbers
func protocol(name string) (int, error) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "tcp":
		return 6, nil
	case "udp":
		return 17, nil
	case "icmp":
		return 1, nil
	case "sctp":
		return 132, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(name))
	if err != nil || n < 1 || n > 255 {
		return 0, tool.Invalidf("give tcp, udp, icmp, sctp or a number from 1 to 255", "%q is no IP protocol", tool.Clip(name))
	}
	return n, nil
}

// service writes a port and protocol as people do: 443/tcp. Port 0 is any one of them.
func service(proto int, port uint16) string {
	name := map[int]string{6: "tcp", 17: "udp", 1: "icmp", 132: "sctp"}[proto]
	if name == "" {
		name = "IP protocol " + strconv.Itoa(proto)
	}
	switch {
	case !ports.Ported(proto):
		return name
	case port == 0:
		return "a port of " + name
	}
	return strconv.Itoa(int(port)) + "/" + name
}
