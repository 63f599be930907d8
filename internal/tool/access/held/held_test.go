// SPDX-License-Identifier: MIT

package held_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/tool/access/held"
)

const file = `{
	"groups": {"group:eng": ["alice@example.com"], "group:none": []},
	"tagOwners": {"tag:mcp": [], "tag:ci": []},
	"postures": {"posture:mac": ["node:os == 'macos'"]},
	"grants": [
		{"src": ["group:eng", "tag:ci"], "dst": ["tag:mcp"], "ip": ["tcp:8080"]},
		{"src": ["autogroup:member"], "dst": ["tag:mcp"], "ip": ["tcp:443"], "app": {"example.com/cap/mcp": [{"tools": ["read:*"]}]}},
		{"src": ["group:eng"], "dst": ["100.64.0.10"], "app": {"example.com/cap/mcp": [{"tools": ["set_policy"]}], "example.com/cap/other": [{}]}},
		{"src": ["group:synced@example.com"], "dst": ["tag:mcp"], "app": {"example.com/cap/mcp": [{"tools": ["set_dns"]}]}},
		{"src": ["autogroup:member"], "srcPosture": ["posture:mac"], "dst": ["tag:mcp"], "app": {"example.com/cap/mcp": [{"tools": ["get_keys"]}]}},
		{"src": ["100.127.255.254", "tag:ci"], "dst": ["*"], "app": {"example.com/cap/mcp": [{"toolz": ["*"]}]}},
		{"src": ["autogroup:member"], "dst": ["tag:other"], "app": {"example.com/cap/mcp": [{"tools": ["*"]}]}},
		{"src": ["group:none"], "dst": ["autogroup:tagged"], "app": {"example.com/cap/mcp": [{"tools": ["old"], "until": "2026-01-01T00:00:00Z"}]}},
	],
}`

func open(t *testing.T) *held.File {
	t.Helper()
	parsed, err := grammar.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	net := &tailnet.Tailnet{
		Domains: []string{"example.com"},
		People: []tailnet.Person{
			{Login: "alice@example.com", Role: "admin"}, {Login: "bob@example.com", Role: "member"}, {Login: "carol@example.com", Role: "member", Suspended: true},
			{Login: "erin@example.org", Role: "member", Shared: true},
		},
		Devices: []tailnet.Device{
			{ID: "nServer", Name: "server", Tags: []string{"tag:mcp"}, Addrs: []netip.Addr{netip.MustParseAddr("fd7a:115c:a1e0::10"), netip.MustParseAddr("100.64.0.10")}},
			{
				ID: "nLaptop", Name: "laptop", Login: "alice@example.com", Addrs: []netip.Addr{netip.MustParseAddr("100.64.0.11")},
				Posture: map[string]any{"node:os": "macos"}, PostureKnown: true,
			},
			{ID: "nRunner", Name: "runner", Tags: []string{"tag:ci"}, Addrs: []netip.Addr{netip.MustParseAddr("100.64.0.12")}},
		},
	}
	f, err := held.New(parsed, net, held.Server{ID: "nServer", Name: "tag:mcp", Capability: "example.com/cap/mcp", Port: 8080})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.New(parsed, net, held.Server{ID: "nElse"}); err == nil || !strings.Contains(err.Error(), "nElse") {
		t.Errorf("a host that the API does not show: got %v", err)
	}
	return f
}

// told is what a caller is given, a word a line of the file: yes, or may.
func told(c *held.Caller) string {
	var all []string
	for _, g := range c.Grants {
		answer := g.Answer.String()
		if g.Problem != "" {
			answer += "!"
		}
		all = append(all, fmt.Sprint(g.Rule.Line, " ", answer))
	}
	return strings.Join(all, ", ")
}

func TestCallers(t *testing.T) {
	f := open(t)
	laptop := f.At("alice@example.com", netip.MustParseAddr("100.64.0.11"))
	if got := told(laptop); got != "7 yes, 8 yes, 9 unknown, 10 yes" {
		t.Errorf("laptop: got %s", got)
	}
	if laptop.Way.Answer != policy.Yes || laptop.Problem != "" || !laptop.Rules.Tool(grant.Tool{Name: "set_policy", Class: grant.Escalating}).Allowed {
		t.Errorf("laptop: got %+v", laptop)
	}
	for tool, want := range map[string]string{
		"set_policy": ", line 8 of the policy file true", "get_keys": ", lines 7, 10 of the policy file true",
		"set_dns": ", line 9 of the policy file false", "nothing": " false",
	} {
		class := grant.Escalating
		if tool == "get_keys" {
			class = grant.Read
		}
		text, sure := laptop.Lines(grant.Tool{Name: tool, Class: class}, time.Now())
		if got := fmt.Sprint(text, " ", sure); got != want {
			t.Errorf("%s: got %q, want %q", tool, got, want)
		}
	}
	if text, _ := (*held.Caller)(nil).Lines(grant.Tool{}, time.Now()); text != "" {
		t.Errorf("got %q of a file that was not read", text)
	}
	if runner := f.At("tag:ci", netip.MustParseAddr("100.64.0.12")); !strings.HasPrefix(runner.Problem, "line 11: an entry cannot be read: ") || !runner.Rules.Empty() {
		t.Errorf("runner: got %+v", runner)
	}
}

// Somebody who has no device is answered for as if they had one. The rule of line 11 for
// an address is none of theirs.
func TestAbsent(t *testing.T) {
	f := open(t)
	for _, c := range []struct{ who, grants, unknown, notes, way string }{
		{
			"bob@example.com", "7 yes, 9 unknown, 10 unknown", "whether bob@example.com is in group:synced@example.com; the posture attributes of bob@example.com", "",
			"no rule lets bob@example.com connect to tcp:8080 of this host (line 7: a rule opens tcp:443 there, and not tcp:8080)",
		},
		{
			"vera@example.com", "7 yes, 9 unknown, 10 unknown", "whether vera@example.com is in group:synced@example.com; the posture attributes of vera@example.com",
			"the tailnet has no user vera@example.com; this is what the file would give a member of that login",
			"no rule lets vera@example.com connect to tcp:8080 of this host (line 7: a rule opens tcp:443 there, and not tcp:8080)",
		},
	} {
		a, err := f.Absent(c.who)
		if err != nil || len(a.Callers) != 1 || a.Listed {
			t.Fatalf("%s: got %+v, %v", c.who, a, err)
		}
		got := a.Callers[0]
		why, missing := f.NoWay(got)
		if told(got) != c.grants || strings.Join(got.Unknown, "; ") != c.unknown || strings.Join(a.Notes, "; ") != c.notes || why != c.way || got.Problem != "" {
			t.Errorf("%s: got %s, %q, %q, %q, %s", c.who, told(got), got.Unknown, a.Notes, why, got.Problem)
		}
		if want := "{\n  \"src\": [\"" + c.who + "\"],\n  \"dst\": [\"tag:mcp\"],\n  \"ip\": [\"tcp:8080\"]\n}"; missing != want {
			t.Errorf("%s: got the rule %s", c.who, missing)
		}
	}
	// Who is suspended gets nothing, and no rule would help.
	a, err := f.Absent("carol@example.com")
	if err != nil || !a.Callers[0].Rules.Empty() || len(a.Notes) != 1 || !strings.Contains(a.Notes[0], "suspended") {
		t.Errorf("carol: got %+v, %v", a, err)
	}
	if why, missing := f.NoWay(a.Callers[0]); !strings.Contains(why, "suspended") || missing != "" {
		t.Errorf("carol: got %q and %s", why, missing)
	}
	// Devices that the API shows.
	a, err = f.Absent("laptop")
	if err != nil || !a.Listed || a.Callers[0].Who != "alice@example.com" || a.Callers[0].Node != "laptop" || told(a.Callers[0]) != "7 yes, 8 yes, 9 unknown, 10 yes" {
		t.Errorf("laptop: got %+v, %v", a, err)
	}
	for _, who := range []string{"printer", "tag:c", "*", "10.0.0.1", "group:enx"} {
		if a, err := f.Absent(who); err == nil {
			t.Errorf("%s: got %+v, want an error", who, a)
		}
	}
}

func TestGroup(t *testing.T) {
	f := open(t)
	eng, err := f.Group("group:eng")
	if err != nil || told(eng.Caller) != "8 yes" || strings.Join(eng.Members, " ") != "alice@example.com" || !eng.Known {
		t.Errorf("got %+v, %v", eng, err)
	}
	if why, _ := f.NoWay(eng.Caller); why != "" {
		t.Errorf("got %q", why)
	}
	synced, err := f.Group("group:synced@example.com")
	if err != nil || told(synced.Caller) != "9 yes" || synced.Known {
		t.Errorf("got %+v, %v", synced, err)
	}
	member, err := f.Group("autogroup:member")
	if err != nil || told(member.Caller) != "7 yes, 10 unknown" {
		t.Errorf("got %+v, %v", member, err)
	}
	if why, _ := f.NoWay(member.Caller); why != "no rule lets all of autogroup:member connect to tcp:8080 of this host" {
		t.Errorf("got %q", why)
	}
}

func TestTable(t *testing.T) {
	f := open(t)
	var out strings.Builder
	s, err := f.Table(&out, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var got []string
	for _, l := range lines[1:] {
		got = append(got, strings.Join(strings.Fields(l), " "))
	}
	want := []string{
		`7 {"tools":["read:*"]} autogroup:member alice@example.com, bob@example.com`,
		`8 {"tools":["set_policy"]} group:eng alice@example.com`,
		`9 {"tools":["set_dns"]} group:synced@example.com perhaps alice@example.com, bob@example.com`,
		`10 {"tools":["get_keys"]} autogroup:member alice@example.com`,
		`10 {"tools":["get_keys"]} autogroup:member perhaps bob@example.com`,
		`11 nothing 100.127.255.254, tag:ci tag:ci, 100.127.255.254`,
		`13 {"tools":["old"],"until":"2026-01-01T00:00:00Z"} group:none nobody yet`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Join(s.Shut, " ") != "bob@example.com" || !strings.Contains(s.Missing, `"src": ["bob@example.com"]`) {
		t.Errorf("got %q have no way, and %s", s.Shut, s.Missing)
	}
	if len(s.Refused) != 1 || s.Refused[0].Line != 11 || s.Refused[0].To != "tag:ci" {
		t.Errorf("got %+v refused", s.Refused)
	}
	if got, want := fmt.Sprint(s.Selectors), "[{7 read:*} {8 set_policy} {9 set_dns} {10 get_keys} {13 old}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// What has ended gives nothing.
	out.Reset()
	if s, err = f.Table(&out, &grant.Tool{Name: "old", Class: grant.Read}, time.Now()); err != nil || strings.Contains(out.String(), "13 ") || !strings.Contains(out.String(), "tools: read:*") {
		t.Errorf("got %s, %+v, %v", &out, s, err)
	}
}

// TestHolders: those who are granted something, and who everything. Rules are united, and
// who is refused has nothing.
func TestHolders(t *testing.T) {
	f := open(t)
	some, every := f.Holders([]grant.Tool{{Name: "set_policy", Class: grant.Escalating}, {Name: "list", Class: grant.Read}}, time.Now())
	if strings.Join(some, " ") != "alice@example.com bob@example.com" || strings.Join(every, " ") != "alice@example.com" {
		t.Errorf("got %q, and %q everything", some, every)
	}
}

func TestSourceForm(t *testing.T) {
	for src, want := range map[string]string{
		"alice@example.com": "", "tag:ci": "", "group:eng": "", "group:eng@example.com": "", "autogroup:member": "", "user:*@example.com": "", "*": "", "100.64.0.1": "", "100.64.0.0/10": "",
		"bob": "is no login, which has an @", "@example.com": "is no login, which has an @", "autogroup:membr": "is no autogroup (did you mean autogroup:member?)",
		"tags:ci": "begins with neither tag:, group: nor autogroup:", "group:": "ends with its colon", "a b": "has a space or a control character in it",
	} {
		if got := held.SourceForm(src); got != want {
			t.Errorf("%s: got %q, want %q", src, got, want)
		}
	}
}
