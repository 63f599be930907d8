// SPDX-License-Identifier: MIT

package effect

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/tailnet"
)

// mine is a file in which src may use everything of this server, and rules beside it.
func mine(src, sections string, rules ...string) string {
	return file(sections, strings.Join(append(rules, app(`"`+src+`"`, `"*"`)), ", "))
}

func wantLost(t *testing.T, old, now string, net *tailnet.Tailnet, f Focus, want bool) {
	t.Helper()
	r := between(t, old, now, net, f)
	if r.LosesOwnWay != want {
		t.Errorf("got %t, want %t: %q\nfrom %s\nto %s", r.LosesOwnWay, want, told(r), old, now)
	}
	told := false
	for _, c := range r.Changes {
		told = told || c.Gravity == OwnWay && strings.HasPrefix(c.Text, "you (")
	}
	if told != want {
		t.Errorf("told %t, want %t", told, want)
	}
	if between(t, old, old, net, f).LosesOwnWay {
		t.Errorf("something is lost by %s, which stays as it is", old)
	}
}

// The grant goes: who has, or may have, access by it loses it.
func TestLosesByEverySource(t *testing.T) {
	tagged := focus
	tagged.CallerLogin, tagged.CallerTags, tagged.CallerAddr = "", []string{"tag:web"}, addrs(6)[0]
	none := file(``, ``)
	for _, c := range []struct {
		src, sections string
		alice, web    bool
	}{
		{"*", ``, true, true},
		{"autogroup:danger-all", ``, true, true},
		{"alice@example.com", ``, true, false},
		{"Alice@Example.com", ``, true, false},
		{"bob@example.com", ``, false, false},
		{"user:*@example.com", ``, true, false},
		{"tag:web", ``, false, true},
		{"tag:mcp", ``, false, false},
		{"group:ops", ``, true, false},
		{"group:idp@example.com", ``, false, false}, // all groups of alice are known
		{"autogroup:member", ``, true, false},
		{"autogroup:admin", ``, true, false},
		{"autogroup:owner", ``, false, false},
		{"autogroup:tagged", ``, false, true},
		{"100.64.0.1", ``, true, false},
		{"fd7a:115c:a1e0::1", ``, true, false},
		{"100.64.0.0/16", ``, true, true},
		{"100.65.0.0/24", ``, false, false},
		{"laptop", `, "hosts": {"laptop": "100.64.0.1"}`, true, false},
		{"ipset:desks", `, "ipsets": {"ipset:desks": ["100.64.0.1"]}`, true, false},
	} {
		t.Run(c.src, func(t *testing.T) {
			wantLost(t, mine(c.src, c.sections), none, office(), focus, c.alice)
			wantLost(t, mine(c.src, c.sections), none, office(), tagged, c.web)
			wantLost(t, mine(c.src, c.sections), none, office(), Focus{Capability: capability, Tags: focus.Tags, Addrs: focus.Addrs}, false)
		})
	}
}

// What is not known counts as lost, unless it stays as it is.
func TestLosesTheUnknown(t *testing.T) {
	strange := office()
	strange.People[0].Role, strange.People[0].GroupsKnown = "", false
	strange.Devices[0].PostureKnown, strange.Devices[0].Posture = false, nil
	const postures = `, "postures": {"posture:a": ["node:os == 'macos'"]}`
	posed := strings.Replace(mine("alice@example.com", postures), `"dst": ["tag:mcp"]`, `"srcPosture": ["posture:a"], "dst": ["tag:mcp"]`, 1)
	for _, now := range []string{mine("autogroup:admin", ``), mine("group:idp@example.com", ``), posed} {
		wantLost(t, mine("alice@example.com", ``), now, strange, focus, true)
	}
	wantLost(t, mine("group:idp@example.com", ``), mine("group:other@example.com", ``), strange, focus, true)
	wantLost(t, mine("group:idp@example.com", ``), mine("alice@example.com", ``), strange, focus, false)
	wantLost(t, mine("autogroup:admin", ``), mine("autogroup:member", ``), strange, focus, false)
	wantLost(t, posed, strings.Replace(posed, "macos", "linux", 1), strange, focus, true)
	wantLost(t, posed, mine("alice@example.com", postures), strange, focus, false)
	// The caller, this server, or both are not in the list of devices.
	nowhere := focus
	nowhere.CallerAddr, nowhere.Addrs = netip.MustParseAddr("100.99.0.1"), []netip.Addr{netip.MustParseAddr("100.99.0.2")}
	wantLost(t, mine("alice@example.com", ``), file(``, ``), office(), nowhere, true)
	wantLost(t, mine("alice@example.com", ``), file(``, ``), &tailnet.Tailnet{}, nowhere, true)
	wantLost(t, mine("100.99.0.1", ``), file(``, ``), office(), nowhere, true)
	nowhere.Tags, nowhere.Addrs = nil, nil
	wantLost(t, mine("alice@example.com", ``), file(``, ``), office(), nowhere, true)
	wantLost(t, mine("alice@example.com", ``, `{"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip": ["443"]}`), mine("alice@example.com", ``), office(), nowhere, true)
}

// What the rules give is compared, not how they are written.
func TestLosesByRule(t *testing.T) {
	const way = `{"src": ["*"], "dst": ["tag:mcp"], "ip": ["443"]}`
	old := mine("alice@example.com", ``, way)
	own := func(more ...string) string { return mine("alice@example.com", ``, more...) }
	for name, c := range map[string]struct {
		now  string
		want bool
	}{
		"written otherwise":            {file(``, strings.ReplaceAll(app(`"alice@example.com"`, `"*"`), `: `, ` :  `)+","+way), false},
		"by another name":              {mine("group:ops", ``, way), false},
		"one more rule":                {own(way, `{"src": ["*"], "dst": ["tag:web"], "ip": ["*"]}`), false},
		"one more entry":               {own(way, app(`"alice@example.com"`, `"escalating:*"`)), false},
		"one more selector":            {file(``, app(`"alice@example.com"`, `"*", "escalating:*"`)+","+way), false},
		"other tools":                  {file(``, app(`"alice@example.com"`, `"read:*"`)+","+way), true},
		"another destination":          {strings.Replace(old, `"dst": ["tag:mcp"], "app"`, `"dst": ["tag:web"], "app"`, 1), true},
		"another capability":           {strings.Replace(old, capability, "example.com/cap/x", 1), true},
		"by way of others":             {strings.Replace(old, `"dst": ["tag:mcp"], "app"`, `"via": ["tag:router"], "dst": ["tag:mcp"], "app"`, 1), true},
		"an entry nobody can read":     {own(way, strings.Replace(app(`"alice@example.com"`, `"*"`), "tools", "toolz", 1)), true},
		"bob's entry nobody can read":  {own(way, strings.Replace(app(`"bob@example.com"`, `"*"`), "tools", "toolz", 1)), false},
		"everything and more":          {own(`{"src": ["*"], "dst": ["*"], "ip": ["*"]}`), false},
		"the port alone":               {own(`{"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip": ["tcp:443"]}`), false},
		"another port":                 {own(`{"src": ["*"], "dst": ["*"], "ip": ["22"]}`), true},
		"another protocol":             {own(`{"src": ["*"], "dst": ["tag:mcp"], "ip": ["udp:443"]}`), true},
		"everything elsewhere":         {own(`{"src": ["*"], "dst": ["tag:web"], "ip": ["*"]}`), true},
		"for people, of whom alice is": {own(`{"src": ["autogroup:member"], "dst": ["tag:mcp"], "ip": ["443"]}`), false},
		"for others":                   {own(`{"src": ["bob@example.com"], "dst": ["tag:mcp"], "ip": ["443"]}`), true},
		"as an acl":                    {strings.Replace(own(), `"grants"`, `"acls": [{"action": "accept", "src": ["*"], "dst": ["100.64.0.8:443", "[fd7a:115c:a1e0::8]:443"]}], "grants"`, 1), false},
		"as an acl of one address":     {strings.Replace(own(), `"grants"`, `"acls": [{"action": "accept", "src": ["*"], "dst": ["100.64.0.8:443"]}], "grants"`, 1), true},
		"the network of other tags":    {own(way, `{"src": ["*"], "dst": ["tag:router"], "ip": ["22"]}`), false},
	} {
		t.Run(name, func(t *testing.T) { wantLost(t, old, c.now, office(), focus, c.want) })
	}
	anyPort := focus
	anyPort.Port = 0
	wantLost(t, old, own(`{"src": ["*"], "dst": ["tag:mcp"], "ip": ["tcp:443"]}`), office(), anyPort, false)
	wantLost(t, mine("alice@example.com", ``, `{"src": ["*"], "dst": ["tag:mcp"], "ip": ["*"]}`), old, office(), anyPort, true)
	wantLost(t, mine("alice@example.com", ``, `{"src": ["*"], "dst": ["tag:mcp"], "ip": ["*"]}`), old, office(), focus, false)
}

// A file with more addresses than are compared, of which no rule changes, is compared too.
func TestOwnWayBesideTooMuch(t *testing.T) {
	var many strings.Builder
	for i := range mostPlaces + 1 {
		fmt.Fprintf(&many, `"10.%d.%d.%d", `, i>>15, i>>7&255, i&127*2)
	}
	old := file(``, `{"src": [`+many.String()+`], "dst": ["tag:web"], "ip": ["443"]}`)
	wantTold(t, between(t, old, strings.Replace(old, `"tag:web": ["group:ops"]`, `"tag:web": []`, 1), office(), focus),
		"less: alice@example.com of group:ops loses the ownership of tag:web, and may so put devices under it: no rule gives it anything")
}
