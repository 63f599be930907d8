// SPDX-License-Identifier: MIT

package change

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

func small() *tailnet.Tailnet {
	device := func(n int, name, login string, tags ...string) tailnet.Device {
		return tailnet.Device{
			ID: fmt.Sprintf("n%dCNTRL", n), Name: name, Login: login, Tags: tags, PostureKnown: true, Posture: map[string]any{"node:os": "linux"},
			Addrs: []netip.Addr{netip.MustParseAddr(fmt.Sprintf("100.64.0.%d", n)), netip.MustParseAddr(fmt.Sprintf("fd7a:115c:a1e0::%d", n))},
		}
	}
	return &tailnet.Tailnet{
		People: []tailnet.Person{
			{Login: "alice@example.com", Role: "admin", GroupsKnown: true}, {Login: "bob@example.com", Role: "member", GroupsKnown: true},
			{Login: "carol@example.com"}, {Login: "dave@example.com", Role: "member", GroupsKnown: true},
		},
		Devices: []tailnet.Device{
			device(1, "alice-laptop", "alice@example.com"), device(2, "alice-phone", "alice@example.com"), device(3, "bob-laptop", "bob@example.com"),
			device(4, "carol-laptop", "carol@example.com"), device(5, "web-1", "", "tag:web"), device(6, "web-2", "", "tag:web"), device(7, "mcp", "", "tag:mcp"),
		},
	}
}

const sections = `{"groups": {"group:ops": ["alice@example.com", "bob@example.com"]}, "tagOwners": {"tag:web": [], "tag:mcp": [], "tag:idle": []}, "hosts": {"office": "10.1.0.0/16"}, "postures": {"posture:a": ["custom:x == 1"]},`

func compile(t testing.TB, text string, net *tailnet.Tailnet) *policy.Policy {
	t.Helper()
	f, err := grammar.Parse(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return policy.Compile(f, net)
}

var focus = Focus{Capability: "example.com/cap/mcp", Host: netip.MustParseAddr("100.64.0.7"), Port: 8080, Peer: netip.MustParseAddr("100.64.0.1")}

// From one file to another, and what is to be said: written by hand, in its order.
func TestDiff(t *testing.T) {
	for _, c := range []struct {
		old, now string
		want     []string
	}{
		// Nothing changes where the meaning does not.
		{`"grants": [{"src": ["group:ops"], "dst": ["tag:web"], "ip": ["80-90"]}]`,
			`"grants": [{"src": ["bob@example.com", "alice@example.com"], "dst": ["tag:web"], "ip": ["80-85", "86-90"]}]`, nil},
		{`"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]`, ``, nil},
		// A rule that is covered already gives nothing.
		{`"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}]`,
			`"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}, {"src": ["alice@example.com"], "dst": ["tag:web", "office"], "ip": ["tcp:22"]}]`, nil},
		{`"grants": [{"src": ["alice@example.com"], "dst": ["tag:web"], "ip": ["22"]}]`,
			`"grants": [{"src": ["group:ops"], "dst": ["tag:web"], "ip": ["tcp:22", "80"]}]`,
			[]string{"bob@example.com: gain tcp:22 on tag:web", "group:ops: gain 80 on tag:web", "alice@example.com: lose icmp:22, udp:22 on tag:web"}},
		{`"grants": [{"src": ["group:ops"], "dst": ["tag:web"], "ip": ["tcp:20-30"]}]`, `"grants": [{"src": ["group:ops"], "dst": ["tag:web"], "ip": ["tcp:25"]}]`,
			[]string{"group:ops: lose tcp:20-24, tcp:26-30 on tag:web"}},
		// The frightening first.
		{`"grants": []`, `"grants": [{"src": ["bob@example.com"], "dst": ["tag:web"], "ip": ["tcp:22"]}, {"src": ["bob@example.com"], "dst": ["autogroup:internet"], "ip": ["*"]},
			{"src": ["bob@example.com"], "dst": ["*"], "ip": ["udp:53"]}, {"src": ["*"], "dst": ["tag:idle"], "ip": ["tcp:80"]}, {"src": ["autogroup:danger-all"], "dst": ["tag:web"], "ip": ["tcp:443"]},
			{"src": ["bob@example.com"], "dst": ["tag:mcp"], "app": {"example.com/cap/mcp": [{"tools": ["*"]}]}}],
			"ssh": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["root"]}]`, []string{
			"anyone at all: gain tcp:443 on tag:web", "everyone: gain tcp:80 on tag:idle",
			"bob@example.com: gain udp:53 on everything",
			"bob@example.com: gain ssh as root, ssh as root without signing in again on tag:web",
			"bob@example.com: gain * on the internet",
			"bob@example.com: gain example.com/cap/mcp {\"tools\":[\"*\"]} on tag:mcp",
			"bob@example.com: gain tcp:22 on tag:web"}},
		// What cannot be known is said to be only perhaps.
		{`"grants": []`, `"grants": [{"src": ["autogroup:admin"], "dst": ["tag:web"], "ip": ["tcp:22"]}]`,
			[]string{"autogroup:admin: gain tcp:22 on tag:web", "carol@example.com: may gain tcp:22 on tag:web"}},
		{`"grants": [{"src": ["group:synced"], "dst": ["tag:web"], "ip": ["tcp:22"]}]`, `"grants": []`, []string{"carol@example.com: may lose tcp:22 on tag:web"}},
		{`"grants": [{"src": ["group:synced"], "dst": ["tag:web"], "ip": ["tcp:22"]}]`, `"grants": [{"src": ["carol@example.com"], "dst": ["tag:web"], "ip": ["tcp:22"]}]`,
			[]string{"carol@example.com: may gain tcp:22 on tag:web"}},
		// Own devices, tags that nobody has, routes, people without a device.
		{`"grants": []`, `"grants": [{"src": ["autogroup:member"], "dst": ["autogroup:self"], "ip": ["tcp:22"]}, {"src": ["tag:idle"], "dst": ["office"], "ip": ["udp:53"]}, {"src": ["dave@example.com"], "dst": ["tag:web"], "ip": ["tcp:1"]}]`,
			[]string{"autogroup:member: gain tcp:22 on their own devices", "dave@example.com: gain tcp:1 on tag:web", "tag:idle: gain udp:53 on 10.1.0.0/16"}},
		// Another way.
		{`"grants": [{"src": ["bob@example.com"], "dst": ["office"], "ip": ["22"], "via": ["tag:web"]}]`, `"grants": [{"src": ["bob@example.com"], "dst": ["office"], "ip": ["22"], "via": ["tag:mcp"]}]`,
			[]string{"bob@example.com: may lose 22 on 10.1.0.0/16: it goes through tag:mcp now, and went through tag:web"}},
		// A group by its members.
		{`"grants": [{"src": ["group:x"], "dst": ["tag:web"], "ip": ["tcp:22"]}], "groups": {"group:x": ["alice@example.com"]}`,
			`"grants": [{"src": ["group:x"], "dst": ["tag:web"], "ip": ["tcp:22"]}], "groups": {"group:x": ["alice@example.com", "dave@example.com"]}`,
			[]string{"dave@example.com: gain tcp:22 on tag:web"}},
		// Ssh, attributes, who may tag.
		{`"ssh": [{"action": "check", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["root"]}]`, `"ssh": [{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web"], "users": ["root"]}]`,
			[]string{"bob@example.com: gain ssh as root without signing in again on tag:web"}},
		{`"nodeAttrs": []`, `"nodeAttrs": [{"target": ["tag:web"], "attr": ["funnel"]}]`, []string{"tag:web: gain the attribute funnel"}},
		{`"autoApprovers": {}`, `"autoApprovers": {"exitNode": ["tag:web"], "routes": {"10.0.0.0/8": ["group:ops"]}}`,
			[]string{"group:ops: gain to advertise the route 10.0.0.0/8 without approval", "tag:web: gain to be an exit node without approval"}},
	} {
		start := func(rules string) string {
			if strings.Contains(rules, `"groups"`) {
				return strings.Replace(sections, `"groups": {"group:ops": ["alice@example.com", "bob@example.com"]}, `, "", 1) + rules + "}"
			}
			return sections + rules + "}"
		}
		all := Diff(compile(t, start(c.old), small()), compile(t, start(c.now), small()), focus)
		var got []string
		for _, one := range all {
			got = append(got, one.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("from %s to %s:\n got %q\nwant %q", c.old, c.now, got, c.want)
		}
		for _, one := range all {
			if len(one.Rules) == 0 || len(one.Who) == 0 {
				t.Errorf("%s: by no rule, or nobody", one.Text)
			}
		}
	}
}

// The caller's own way in: what may be lost is lost.
func TestLocksOut(t *testing.T) {
	const grant = `{"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip": ["tcp:8080"], "app": {"example.com/cap/mcp": [{"tools": ["*"]}]}%s}`
	before := compile(t, sections+`"grants": [`+fmt.Sprintf(grant, "")+`]}`, small())
	for now, want := range map[string]int{
		fmt.Sprintf(grant, ""): 0,
		`{"src": ["*"], "dst": ["*"], "ip": ["*"], "app": {"example.com/cap/mcp": [{ "tools": [ "*" ] }, {"tools": ["x"]}]}}`: 0,
		`{"src": ["*"], "dst": ["*"], "ip": ["*"]}`:                                        1,
		`{"src": ["*"], "dst": ["*"], "app": {"example.com/cap/mcp": [{"tools": ["*"]}]}}`: 1,
		``: 2,
		fmt.Sprintf(grant, `, "srcPosture": ["posture:a"]`):                                2,
		strings.Replace(fmt.Sprintf(grant, ""), "alice@example.com", "autogroup:admin", 1): 0,
		strings.Replace(fmt.Sprintf(grant, ""), "alice@example.com", "bob@example.com", 1): 2,
		strings.Replace(fmt.Sprintf(grant, ""), `["*"]}]`, `["a"]}]`, 1):                   1,
		strings.Replace(fmt.Sprintf(grant, ""), "8080", "8081", 1):                         1,
	} {
		after := compile(t, sections+`"grants": [`+now+`]}`, small())
		if lost := LocksOut(before, after, focus); len(lost) != want {
			t.Errorf("%s: %q, want %d", now, lost, want)
		}
	}
	unknown := small()
	unknown.Devices[0].PostureKnown = false
	after := compile(t, sections+`"grants": [`+fmt.Sprintf(grant, `, "srcPosture": ["posture:a"]`)+`]}`, unknown)
	if lost := LocksOut(before, after, focus); len(lost) != 2 {
		t.Errorf("what is unknown: %q", lost)
	}
	if all := Diff(before, compile(t, sections+`"grants": []}`, small()), focus); len(all) != 2 || all[0].Rank != OwnWay || all[1].Rank != OwnWay {
		t.Errorf("a difference without the caller's way in: %v", all)
	}
}
