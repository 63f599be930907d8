// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// large is a tailnet of 5,000 devices, a policy of 500 rules in its text, and one like it
// with another member of a group and another rule.
func large(t testing.TB) (*grammar.File, *tailnet.Tailnet) {
	t.Helper()
	net := &tailnet.Tailnet{Domains: []string{"example.com"}}
	for i := range 1000 {
		net.People = append(net.People, tailnet.Person{Login: fmt.Sprintf("p%d@example.com", i), Role: "member", GroupsKnown: i%10 != 0})
	}
	for i := range 5000 {
		d := tailnet.Device{ID: fmt.Sprintf("n%dCNTRL", i), Name: fmt.Sprintf("d%d", i), Addrs: []netip.Addr{
			netip.AddrFrom4([4]byte{100, 64 + byte(i>>8), byte(i), 7}),
			netip.MustParseAddr(fmt.Sprintf("fd7a:115c:a1e0::%x", i+1)),
		}, PostureKnown: i%7 != 0, Posture: map[string]any{"node:os": []string{"linux", "macos"}[i%2]}}
		if i%2 == 0 {
			d.Login = net.People[i%1000].Login
		} else {
			d.Tags = []string{fmt.Sprintf("tag:t%d", i%50), fmt.Sprintf("tag:u%d", i%30)}
		}
		if i%100 == 1 {
			d.Approved = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i / 100), 0, 0}), 16)}
		}
		net.Devices = append(net.Devices, d)
	}
	f, err := grammar.Parse(largeText())
	if err != nil {
		t.Fatal(err)
	}
	return f, net
}

func largeText() string {
	var b strings.Builder
	b.WriteString(`{"postures": {"posture:a": ["node:os == 'linux'"]}, "groups": {`)
	for i := range 100 {
		fmt.Fprintf(&b, `"group:g%d": [`, i)
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
		case 2:
			more = `, "srcPosture": ["posture:a"]`
		case 3:
			src, more = `"*"`, fmt.Sprintf(`, "app": {"example.com/cap/c%d": [{"a": %d}]}`, i%7, i)
		}
		fmt.Fprintf(&b, `{"src": [%s], "dst": [%s], "ip": ["tcp:%d", "udp:53"]%s},`, src, dst, 1000+i, more)
	}
	b.WriteString(`], "ssh": [{"action": "check", "src": ["autogroup:member"], "dst": ["tag:t1"], "users": ["autogroup:nonroot", "localpart:*@example.com"]}]}`)
	return b.String()
}

func BenchmarkCompile(b *testing.B) {
	f, net := large(b)
	b.ReportAllocs()
	for b.Loop() {
		Compile(f, net)
	}
}

func BenchmarkQuestion(b *testing.B) {
	f, net := large(b)
	p := Compile(f, net)
	end := func(name string) Endpoint {
		e, err := p.Endpoint(name)
		if err != nil {
			b.Fatal(err)
		}
		return e
	}
	for _, c := range []struct{ src, dst string }{
		{"d2", "d3"}, {"d2", "10.3.0.9"}, {"p4@example.com", "tag:t1"}, {"group:g3", "tag:t3"}, {"autogroup:member", "tag:t7"},
		{"group:g3", "autogroup:member"}, {"autogroup:member", "autogroup:tagged"}, {"tag:t1", "1.1.1.1"},
	} {
		src, dst := end(c.src), end(c.dst)
		b.Run(c.src+" to "+c.dst, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Reach(Question{Src: src, Dst: dst, Proto: 6, Port: 1012})
			}
		})
	}
	for name, ask := range map[string]func(){
		"Sources":      func() { p.Sources(end("d3"), 6, 0) },
		"Destinations": func() { p.Destinations(end("d2")) },
		"Filter":       func() { p.Filter("d3") },
		"SSHRules":     func() { p.SSHRules("d1") },
		"Capabilities": func() { p.Capabilities(net.Devices[2].Addrs[0], net.Devices[3].Addrs[0]) },
		"Endpoint":     func() { p.Endpoint("d33333") },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
		})
	}
}
