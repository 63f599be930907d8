// SPDX-License-Identifier: MIT

package effect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/tailnet"
)

// company is a tailnet of 1,000 people and 5,000 devices: half of them theirs, half with
// two of eighty tags, fifty of them routers.
func company() *tailnet.Tailnet {
	net := &tailnet.Tailnet{Domains: []string{"example.com"}}
	for i := range 1000 {
		net.People = append(net.People, tailnet.Person{Login: fmt.Sprintf("p%d@example.com", i), Role: "member", GroupsKnown: i%10 != 0})
	}
	for i := range 5000 {
		d := tailnet.Device{ID: fmt.Sprintf("n%d", i), Name: fmt.Sprintf("d%d", i), PostureKnown: i%7 != 0, Posture: map[string]any{"node:os": []string{"linux", "macos"}[i%2]}}
		d.Addrs = []netip.Addr{netip.AddrFrom4([4]byte{100, 64 + byte(i>>8), byte(i), 7}), netip.MustParseAddr(fmt.Sprintf("fd7a:115c:a1e0::%x", i+1))}
		if i%2 == 0 {
			d.Login = net.People[i/2%1000].Login
		} else {
			d.Tags = []string{fmt.Sprintf("tag:t%d", i%50), fmt.Sprintf("tag:u%d", i%30)}
		}
		if i%100 == 1 {
			d.Approved = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i / 100), 0, 0}), 16)}
		}
		net.Devices = append(net.Devices, d)
	}
	return net
}

// handbook is a file of 500 rules: port is where the ports of its rules begin, and extra
// a member of the first group.
func handbook(port int, extra, sections string) string {
	var b strings.Builder
	b.WriteString(`{"postures": {"posture:a": ["node:os == 'linux'"], "posture:b": ["node:os IS SET"]}` + sections + `, "groups": {`)
	for i := range 100 {
		fmt.Fprintf(&b, `"group:g%d": [`, i)
		if i == 0 {
			b.WriteString(extra)
		}
		for j := range 100 {
			fmt.Fprintf(&b, `"p%d@example.com",`, (i*37+j)%1000)
		}
		b.WriteString(`],`)
	}
	b.WriteString(`}, "tagOwners": {`)
	for i := range 50 {
		fmt.Fprintf(&b, `"tag:t%d": [], "tag:u%d": [],`, i, i)
	}
	b.WriteString(`}, "grants": [`)
	for i := range 500 {
		src, dst, more := fmt.Sprintf(`"group:g%d", "group:synced%d@example.com"`, i%100, i%20), fmt.Sprintf(`"tag:t%d", "tag:u%d", "10.%d.0.0/24"`, i%50, i%50, i%60), ``
		switch i % 10 {
		case 0:
			src = `"autogroup:member", "tag:t7"`
		case 1:
			dst = `"autogroup:self"`
			src = fmt.Sprintf(`"group:g%d"`, i%100)
		case 2:
			more = `, "srcPosture": ["posture:a"]`
		case 3:
			src, more = `"*"`, fmt.Sprintf(`, "app": {"example.com/cap/c%d": [{"a": %d}]}`, i%7, i)
		}
		fmt.Fprintf(&b, `{"src": [%s], "dst": [%s], "ip": ["tcp:%d", "udp:53"]%s},`, src, dst, port+i, more)
	}
	b.WriteString(`], "ssh": [{"action": "check", "src": ["autogroup:member"], "dst": ["tag:t1"], "users": ["autogroup:nonroot", "localpart:*@example.com"]}]}`)
	return b.String()
}

func BenchmarkBetween(b *testing.B) {
	net := company()
	usual := handbook(1000, ``, ``)
	f := focus
	f.Addrs, f.CallerLogin, f.CallerAddr = net.Devices[1].Addrs, "p0@example.com", net.Devices[0].Addrs[0]
	for _, c := range []struct{ name, old, now string }{
		{"joins", usual, handbook(1000, `"p999@example.com",`, ``)},
		{"posture", usual, handbook(1000, ``, `, "defaultSrcPosture": ["posture:b"]`)},
		{"ports", usual, handbook(2000, ``, ``)},
		{"opened", usual, `{}`},
		{"closed", `{}`, usual},
		{"self", usual, strings.ReplaceAll(usual, "autogroup:self", "autogroup:member")},
	} {
		b.Run(c.name, func(b *testing.B) {
			old, now := made(b, c.old, net), made(b, c.now, net)
			b.ReportAllocs()
			for b.Loop() {
				Between(old, now, f)
			}
		})
	}
}
