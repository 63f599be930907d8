// SPDX-License-Identifier: MIT

package effect

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

const capability = "jaxxstorm.com/cap/mcp"

func addrs(n int) []netip.Addr {
	return []netip.Addr{
		netip.AddrFrom4([4]byte{100, 64, 0, byte(n)}),
		netip.MustParseAddr(fmt.Sprintf("fd7a:115c:a1e0::%x", n)),
	}
}

// office is a tailnet of five people, of whom dan has no device, with servers, a router
// and an exit node.
func office() *tailnet.Tailnet {
	t := &tailnet.Tailnet{Domains: []string{"example.com"}}
	for _, name := range []string{"alice", "bob", "carol", "dan", "vera"} {
		role := "member"
		if name == "alice" {
			role = "admin"
		}
		t.People = append(t.People, tailnet.Person{Login: name + "@example.com", Role: role, GroupsKnown: true})
	}
	add := func(d tailnet.Device) {
		d.ID, d.Addrs, d.PostureKnown = "n-"+d.Name, addrs(len(t.Devices)+1), true
		t.Devices = append(t.Devices, d)
	}
	add(tailnet.Device{Name: "laptop", Login: "alice@example.com", Posture: map[string]any{"node:os": "macos"}})
	add(tailnet.Device{Name: "phone", Login: "alice@example.com", Posture: map[string]any{"node:os": "ios"}})
	add(tailnet.Device{Name: "desk", Login: "bob@example.com", Posture: map[string]any{"node:os": "linux"}})
	add(tailnet.Device{Name: "pad", Login: "carol@example.com", Posture: map[string]any{"node:os": "windows"}})
	add(tailnet.Device{Name: "book", Login: "vera@example.com", Posture: map[string]any{"node:os": "linux"}})
	add(tailnet.Device{Name: "web-1", Tags: []string{"tag:web"}})
	add(tailnet.Device{Name: "web-2", Tags: []string{"tag:web"}})
	add(tailnet.Device{Name: "mcp", Tags: []string{"tag:mcp"}})
	add(tailnet.Device{Name: "router", Tags: []string{"tag:router"}, Approved: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
	add(tailnet.Device{Name: "exit", Tags: []string{"tag:exit"}, Approved: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}})
	return t
}

var focus = Focus{
	Capability: capability, Tags: []string{"tag:mcp"}, Addrs: addrs(8), Port: 443,
	CallerLogin: "alice@example.com", CallerAddr: addrs(1)[0],
}

func made(t testing.TB, text string, net *tailnet.Tailnet) *policy.Policy {
	t.Helper()
	f, err := grammar.Parse(text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return policy.Compile(f, net)
}

func between(t testing.TB, old, now string, net *tailnet.Tailnet, f Focus) *Result {
	t.Helper()
	return Between(made(t, old, net), made(t, now, net), f)
}

// told are the changes in short: gravity, and the sentence.
func told(r *Result) []string {
	var all []string
	for _, c := range r.Changes {
		all = append(all, c.Gravity.String()+": "+c.Text)
	}
	return all
}

func wantTold(t *testing.T, r *Result, want ...string) {
	t.Helper()
	if got := told(r); !slices.Equal(got, want) {
		t.Errorf("got:")
		for _, line := range got {
			t.Errorf("\t%q,", line)
		}
		t.Errorf("want %q", want)
	}
}

// file is a policy file of sections around one list of rules.
func file(sections, rules string) string {
	return `{"groups": {"group:eng": ["alice@example.com", "bob@example.com"], "group:ops": ["alice@example.com"]},
	"tagOwners": {"tag:web": ["group:ops"], "tag:mcp": ["group:ops"], "tag:router": [], "tag:exit": [], "tag:new": []}` + sections + `, "grants": [` + rules + `]}`
}
