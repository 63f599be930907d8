// SPDX-License-Identifier: MIT

package segment

import (
	"testing"

	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

func TestSegments(t *testing.T) {
	var opens []ports.Open
	for _, text := range []string{"*", "443", "80-90", "tcp:22", "udp:53", "udp:*", "icmp:*", "gre:*", "sctp:9", "tcp:23", "tcp:*"} {
		o, ok := ports.Grant(text)
		if !ok {
			t.Fatal(text)
		}
		opens = append(opens, o)
	}
	all := Of(opens)
	for want, some := range map[string][]int{
		"": nil, "every port": {0}, "port 443": {1}, "ports 80-90 and 443": {1, 2}, "tcp:22": {3}, "tcp:22-23": {3, 9}, "icmp:*": {6},
		"gre:*": {7}, "sctp:9": {8}, "udp:*": {5}, "tcp:* and udp:53": {4, 10}, "tcp:22, tcp:80-90, udp:53 and udp:80-90": {2, 3, 4},
	} {
		items := make(selector.Bits, (len(all)+63)/64)
		for _, i := range some {
			all.Items(opens[i:i+1], items)
		}
		if got := Words(all.Texts(items)); got != want {
			t.Errorf("%v: %q, want %q", some, got, want)
		}
		if want != "" && want != "icmp:*" && !all.Open(items, 0) && want[0] != 'g' && want[0] != 's' && want[0] != 'u' {
			t.Errorf("%s opens no port of TCP", want)
		}
	}
	items := all.Items(opens[2:3], make(selector.Bits, (len(all)+63)/64))
	if !all.Open(items, 85) || all.Open(items, 91) {
		t.Error("80-90 opens 85, and not 91")
	}
}
