// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// small is a tailnet with one of everything.
func small() *tailnet.Tailnet {
	addr := netip.MustParseAddr
	prefix := netip.MustParsePrefix
	device := func(n int, name, login string, tags ...string) tailnet.Device {
		return tailnet.Device{
			ID: fmt.Sprintf("n%dCNTRL", n), Name: name, FQDN: name + ".tail1.ts.net", Login: login, Tags: tags, PostureKnown: true,
			Posture: map[string]any{"node:os": "linux", "node:osVersion": "13.4.0", "custom:tier": float64(n)},
			Addrs:   []netip.Addr{addr(fmt.Sprintf("100.64.0.%d", n)), addr(fmt.Sprintf("fd7a:115c:a1e0::%d", n))},
		}
	}
	t := &tailnet.Tailnet{
		Domains: []string{"example.com"},
		People: []tailnet.Person{
			{Login: "alice@example.com", Role: "owner", Groups: []string{"group:synced"}, GroupsKnown: true},
			{Login: "bob@example.com", Role: "member"},
			{Login: "carol@example.com"},
			{Login: "dave@example.com", Role: "admin", GroupsKnown: true},
			{Login: "eve@example.com", Role: "member", GroupsKnown: true, Suspended: true},
		},
		Devices: []tailnet.Device{
			device(1, "alice-laptop", "alice@example.com"), device(2, "alice-phone", "alice@example.com"),
			device(3, "bob-laptop", "bob@example.com"), device(4, "carol-laptop", "carol@example.com"),
			device(5, "web", "", "tag:web"), device(6, "router", "", "tag:router"), device(7, "exit", "", "tag:exit"),
			device(8, "eve-laptop", "eve@example.com"), device(9, "theirs", "someone@example.net"), device(10, "host", "", "tag:web", "tag:host"),
		},
		Services: []tailnet.Service{{Name: "svc:db", Addrs: []netip.Addr{addr("100.100.0.1"), addr("fd7a:115c:a1e0::aa")}, Ports: []string{"tcp:5432"}}},
	}
	t.Devices[3].PostureKnown, t.Devices[3].Posture = false, nil
	t.Devices[1].Posture = map[string]any{"node:os": "iOS"}
	t.Devices[5].Approved = []netip.Prefix{prefix("10.1.0.0/16"), prefix("10.1.2.0/24")}
	t.Devices[6].Approved = []netip.Prefix{prefix("0.0.0.0/0"), prefix("::/0"), prefix("10.0.0.0/8")}
	t.Devices[8].External = true
	t.Devices[9].Services = []string{"svc:db"}
	return t
}

const smallSections = `"groups": {"group:ops": ["alice@example.com", "bob@example.com"], "group:none": [], "group:wild": ["user:*@example.com"]},
"hosts": {"web": "100.64.0.5", "office": "10.1.2.0/24", "far": "192.0.2.7"},
"ipsets": {"ipset:office": ["add 10.1.0.0/16", "remove 10.1.3.0/24", "host:web"], "ipset:net": ["autogroup:internet", "remove 8.8.8.8", "ipset:office"]},
"tagOwners": {"tag:web": [], "tag:router": [], "tag:exit": [], "tag:host": [], "tag:idle": []},
"postures": {"posture:linux": ["node:os == 'linux'"], "posture:new": ["node:osVersion >= '13'", "custom:tier IN [1, 3, 5]"], "posture:set": ["custom:tier NOT SET"]},`

var vocabulary = []string{
	"*", "autogroup:member", "autogroup:tagged", "autogroup:admin", "autogroup:owner", "autogroup:self", "autogroup:internet", "autogroup:danger-all",
	"autogroup:shared", "group:ops", "group:none", "group:wild", "group:synced", "group:other@example.com", "alice@example.com", "carol@example.com", "eve@example.com",
	"dave@example.com", "tag:web", "tag:router", "tag:exit", "tag:idle", "tag:nothing", "web", "office", "far", "100.64.0.5", "fd7a:115c:a1e0::5", "100.64.0.0/29",
	"10.1.2.3", "8.8.8.0/24", "ipset:office", "ipset:net", "svc:db", "user:*@example.com", "nonsense", "100.64.0.3-100.64.0.6",
}

// written makes a policy out of bytes: each rule takes some.
func policyOf(data []byte) string {
	next := func() int {
		if len(data) == 0 {
			return 0
		}
		n := int(data[0])
		data = data[1:]
		return n
	}
	pick := func() string {
		names := []string{}
		for range 1 + next()%2 {
			names = append(names, fmt.Sprintf("%q", vocabulary[next()%len(vocabulary)]))
		}
		return strings.Join(names, ",")
	}
	var b strings.Builder
	b.WriteString("{" + smallSections + `"grants": [`)
	for i := 0; len(data) > 0 && i < 6; i++ {
		more := []string{"", `,"via":["tag:router"]`, `,"via":["tag:exit","tag:none"]`, `,"srcPosture":["posture:linux"]`, `,"srcPosture":["posture:new","posture:set"]`, `,"app":{"example.com/cap/a":[{"n":1}],"tailscale.com/cap/drive":[{}]}`}[next()%6]
		ip := []string{`"*"`, `"tcp:443"`, `"udp:53","80-90"`, `"icmp:*"`, `"gre:*"`, `"22"`}[next()%6]
		fmt.Fprintf(&b, `{"src":[%s],"dst":[%s],"ip":[%s]%s},`, pick(), pick(), ip, more)
	}
	b.WriteString(`]}`)
	return b.String()
}

// FuzzCompile: whatever the text, nothing panics.
func FuzzCompile(f *testing.F) {
	f.Add(`{}`)
	f.Add(`{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*", "autogroup:self:22", "svc:db:5432"]}], "ssh": [{"action": "check", "src": ["autogroup:member"], "dst": ["autogroup:self"], "users": ["localpart:*@example.com", "root"]}]}`)
	f.Add(`{"tests": [{"src": "alice@example.com", "accept": ["tag:web:443", "web:1"], "deny": ["*:*"]}], "sshTests": [{"src": "tag:web", "dst": ["web"], "accept": ["root"]}], "nodeAttrs": [{"target": ["*"], "attr": ["a"]}]}`)
	f.Add(policyOf([]byte("a policy of several rules, whatever these are, with more of them")))
	f.Fuzz(func(t *testing.T, text string) {
		file, err := grammar.Parse(text)
		if err != nil || len(text) > 1<<16 {
			return
		}
		p := Compile(file, small())
		for range p.Tests() { //nolint:revive // it is to end, and not to panic
		}
		for _, d := range p.Net.Devices {
			p.Filter(d.ID)
			p.SSHRules(d.ID)
			p.NodeAttrs(d.ID)
			p.Capabilities(d.Addrs[0], p.Net.Devices[0].Addrs[0])
		}
		for _, name := range vocabulary {
			e, err := p.Endpoint(name)
			if err != nil {
				continue
			}
			p.Sources(e, 0, 0)
			p.Destinations(e)
			alice, _ := p.Endpoint("alice@example.com")
			p.Reach(Question{Src: alice, Dst: e})
			p.Reach(Question{Src: e, Dst: alice, Proto: 6, Port: 443})
			p.SSH(e, alice, "root")
		}
	})
}

// FuzzReach: for every pair of devices, the answer to a question is that of the packet
// filter of the destination, and the same goes for capabilities.
func FuzzReach(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("several rules"))
	f.Add([]byte("and some more of them, as they come"))
	for i := range 40 {
		f.Add([]byte{byte(i % 6), byte(i), 1, byte(i), byte(i * 7), 1, byte(i * 3), byte(i * 5), byte(i), 2, 0, byte(i)})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text := policyOf(data)
		file, err := grammar.Parse(text)
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		p := Compile(file, small())
		for i, dst := range p.Net.Devices {
			if dst.External {
				continue
			}
			filter := p.Filter(dst.ID)
			for j, src := range p.Net.Devices {
				if src.External || !p.Index.Live(i) || !p.Index.Live(j) {
					continue
				}
				s, _ := p.Endpoint(src.ID)
				d, _ := p.Endpoint(dst.ID)
				for _, q := range []Question{{Src: s, Dst: d, Proto: 6, Port: 443}, {Src: s, Dst: d, Proto: 17, Port: 85}, {Src: s, Dst: d, Proto: 1}, {Src: s, Dst: d, Proto: 47}} {
					got, want := p.Reach(q).Answer, passes(filter, src, dst, q)
					if got != want {
						t.Fatalf("%s to %s, protocol %d port %d: %v, and by the packet filter %v: %s", src.Name, dst.Name, q.Proto, q.Port, got, want, text)
					}
				}
				for k := range src.Addrs {
					sure, _, _ := p.Capabilities(src.Addrs[k], dst.Addrs[k])
					want := caps(filter, src.Addrs[k], dst.Addrs[k])
					for _, name := range []string{"example.com/cap/a", "tailscale.com/cap/drive", "tailscale.com/cap/drive-sharer"} {
						if _, has := sure[name]; has != want[name] {
							t.Fatalf("%s of %s on %s: %t, and by the packet filter %t: %s", name, src.Addrs[k], dst.Addrs[k], has, want[name], text)
						}
					}
				}
			}
		}
	})
}

// passes runs a packet through a filter.
func passes(filter []FilterRule, src, dst tailnet.Device, q Question) Answer {
	best := No
	for _, f := range filter {
		protos := f.Protos
		if len(protos) == 0 {
			protos = []int{6, 17}
		}
		for k := range src.Addrs {
			if !slices.ContainsFunc(f.Src, func(r netipx.IPRange) bool { return r.Contains(src.Addrs[k]) }) {
				continue
			}
			for _, to := range f.Dst {
				all := to.Ports.First == 0 && to.Ports.Last == 65535
				ported := q.Proto == 6 || q.Proto == 17
				open := q.Proto == 1 || slices.Contains(protos, q.Proto) && (all || ported && to.Ports.First <= q.Port && q.Port <= to.Ports.Last)
				if !to.Addrs.Contains(dst.Addrs[k]) || !open {
					continue
				}
				if len(f.Unknown) == 0 {
					return Yes
				}
				best = Unknown
			}
		}
	}
	return best
}

func caps(filter []FilterRule, src, dst netip.Addr) map[string]bool {
	all := map[string]bool{}
	for _, f := range filter {
		if len(f.Unknown) > 0 || !slices.ContainsFunc(f.Src, func(r netipx.IPRange) bool { return r.Contains(src) }) {
			continue
		}
		for _, g := range f.Caps {
			if slices.ContainsFunc(g.Dsts, func(p netip.Prefix) bool { return p.Contains(dst) }) {
				for name := range g.Caps {
					all[name] = true
				}
			}
		}
	}
	return all
}
