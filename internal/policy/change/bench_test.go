// SPDX-License-Identifier: MIT

package change

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/tailnet"
)

// large is a tailnet of 5,000 devices; largeText a policy of 500 rules, which another
// seed makes another in every rule.
func large() *tailnet.Tailnet {
	net := &tailnet.Tailnet{}
	for i := range 1000 {
		net.People = append(net.People, tailnet.Person{Login: fmt.Sprintf("p%d@example.com", i), Role: "member", GroupsKnown: i%10 != 0})
	}
	for i := range 5000 {
		d := tailnet.Device{ID: fmt.Sprintf("n%dCNTRL", i), Name: fmt.Sprintf("d%d", i), PostureKnown: true, Addrs: []netip.Addr{
			netip.AddrFrom4([4]byte{100, 64 + byte(i>>8), byte(i), 7}), netip.MustParseAddr(fmt.Sprintf("fd7a:115c:a1e0::%x", i+1)),
		}}
		if i%2 == 0 {
			d.Login = net.People[i%1000].Login
		} else {
			d.Tags = []string{fmt.Sprintf("tag:t%d", i%50), fmt.Sprintf("tag:u%d", i%30)}
		}
		net.Devices = append(net.Devices, d)
	}
	return net
}

func largeText(seed int, extra string) string {
	var b strings.Builder
	b.WriteString(`{"groups": {`)
	for i := range 100 {
		fmt.Fprintf(&b, `"group:g%d": [`, i)
		for j := range 100 {
			fmt.Fprintf(&b, `"p%d@example.com",`, (i*37+j)%1000)
		}
		b.WriteString(`],`)
	}
	b.WriteString(`}, "grants": [`)
	for i := range 500 {
		src, dst := fmt.Sprintf(`"group:g%d", "group:synced%d@example.com"`, (i+seed)%100, i%20), fmt.Sprintf(`"tag:t%d", "tag:u%d", "10.%d.0.0/24"`, i%50, i%50, i%60)
		switch i % 10 {
		case 0:
			src = `"autogroup:member", "tag:t7"`
		case 1:
			dst = `"autogroup:self"`
		case 2:
			dst = `"*"`
		}
		fmt.Fprintf(&b, `{"src": [%s], "dst": [%s], "ip": ["tcp:%d", "udp:53"]},`, src, dst, 1000+i+seed)
	}
	return b.String() + extra + `]}`
}

func BenchmarkDiff(b *testing.B) {
	net := large()
	old := compile(b, largeText(0, ""), net)
	for name, text := range map[string]string{
		"one rule":   largeText(0, `{"src": ["p3@example.com"], "dst": ["*"], "ip": ["22"]}`),
		"every rule": largeText(1, ""),
		"no rule":    `{"grants": []}`,
	} {
		now := compile(b, text, net)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.ReportMetric(float64(len(Diff(old, now, Focus{}))), "changes")
			}
		})
	}
}
