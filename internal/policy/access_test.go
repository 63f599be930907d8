// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"testing"

	"tailscale-mcp/internal/caller"
)

const capability = "jaxxstorm.com/cap/mcp"

var (
	alice = caller.Caller{Login: "alice@example.com", Addr: netip.MustParseAddrPort("100.64.0.9:40000")}
	ci    = caller.Caller{Tags: []string{"tag:ci"}, Addr: netip.MustParseAddrPort("100.64.0.7:40000")}
)

// with is a policy file with one grant of everything here to src, and more sections.
func with(src, more string) string {
	return `{"grants": [{"src": ["` + src + `"], "dst": ["tag:mcp"], "app": {"` + capability + `": [{"tools": ["*"]}]}}]` + more + `}`
}

const none = `{"grants": []}`

func wantLoses(t *testing.T, c caller.Caller, before, after string, want bool) {
	t.Helper()
	old, err := Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	now, err := Parse(after)
	if err != nil {
		t.Fatal(err)
	}
	if got := Loses(c, capability, nil, old, now); got != want {
		t.Errorf("%v: got %t, want %t, from %s to %s", c, got, want, before, after)
	}
	if Loses(c, capability, nil, old, old) {
		t.Errorf("%v loses something by %s, which stays as it is", c, before)
	}
}

// The grant goes: who has, or may have, access by it loses it.
func TestLosesByEverySource(t *testing.T) {
	for _, c := range []struct {
		src, more       string
		alice, ci, sure bool // sure: alice has it by name when it is the new source
	}{
		{"*", ``, true, true, true},
		{"autogroup:danger-all", ``, true, true, true},
		{"alice@example.com", ``, true, false, true},
		{"Alice@Example.com", ``, true, false, true},
		{"bob@example.com", ``, false, false, false},
		{"user:*@example.com", ``, true, true, false},
		{"tag:ci", ``, false, true, false},
		{"tag:web", ``, false, false, false},
		{"group:ops", `,"groups":{"group:ops":["bob@example.com","alice@example.com"]}`, true, false, true},
		{"group:ops", `,"groups":{"group:ops":["bob@example.com"]}`, false, false, false},
		{"group:ops", `,"groups":{"group:ops":["*@example.com"]}`, true, false, false},
		{"group:ops", `,"groups":{"group:ops":["tag:ci","bob@example.com"]}`, true, true, false},
		{"group:ops", `,"groups":{"group:ops":["100.64.0.0/24"]}`, true, true, false},
		{"group:ops@example.com", ``, true, false, false}, // of the identity provider
		{"autogroup:member", ``, true, false, false},
		{"autogroup:admin", ``, true, false, false},
		{"autogroup:shared", ``, true, true, false},
		{"autogroup:tagged", ``, false, true, false},
		{"100.64.0.9", ``, true, false, true},
		{"100.64.0.8/31", ``, true, false, true},
		{"100.64.0.0/16", ``, true, true, true},
		{"100.64.1.0/24", ``, false, false, false},
		{"fd7a:115c:a1e0::9", ``, true, true, false}, // may be the same device
		{"100.64.0.5-100.64.0.10", ``, true, true, false},
		{"laptop", `,"hosts":{"laptop":"100.64.0.9"}`, true, false, true},
		{"laptop", `,"hosts":{"laptop":"100.64.0.8"}`, false, false, false},
		{"laptop", `,"hosts":{"laptop":"100.64.0.8/30"}`, true, false, true},
		{"ipset:desks", `,"ipsets":{"ipset:desks":["100.64.0.9"]}`, true, true, false},
	} {
		t.Run(c.src+c.more, func(t *testing.T) {
			file := with(c.src, c.more)
			wantLoses(t, alice, file, none, c.alice)
			wantLoses(t, ci, file, none, c.ci)
			// In place of alice's own grant it is as good only when it is surely hers.
			wantLoses(t, alice, with("alice@example.com", ``), file, !c.sure)
			wantLoses(t, caller.Caller{}, file, none, false)
		})
	}
}

// The grant stays to the letter, and what is said elsewhere takes it away.
func TestLosesByDefinition(t *testing.T) {
	grants := func(rule, more string) string {
		return `{"grants": [{` + rule + `, "app": {"` + capability + `": [{"tools": ["*"]}]}}]` + more + `}`
	}
	const src, dst = `"src": ["*"]`, `"dst": ["tag:mcp"]`
	for name, c := range map[string]struct{ rule, before, after string }{
		"the group of a source":          {`"src": ["group:ops"], ` + dst, `,"groups":{"group:ops":["alice@example.com"]}`, `,"groups":{"group:ops":["bob@example.com"]}`},
		"the group of a source, renamed": {`"src": ["group:ops"], ` + dst, `,"groups":{"group:ops":["alice@example.com"]}`, `,"groups":{"group:Ops":["bob@example.com"],"group:ops":[]}`},
		"the host of a source":           {`"src": ["laptop"], ` + dst, `,"hosts":{"laptop":"100.64.0.9"}`, `,"hosts":{"laptop":"100.64.0.10"}`},
		"the ipset of a source":          {`"src": ["ipset:desks"], ` + dst, `,"ipsets":{"ipset:desks":["100.64.0.9"]}`, `,"ipsets":{"ipset:desks":[]}`},
		"the host of an ipset":           {`"src": ["ipset:desks"], ` + dst, `,"ipsets":{"ipset:desks":["host:a"]},"hosts":{"a":"100.64.0.9"}`, `,"ipsets":{"ipset:desks":["host:a"]},"hosts":{"a":"100.64.0.1"}`},
		"the host of a destination":      {src + `, "dst": ["mcp"]`, `,"hosts":{"mcp":"100.64.0.1"}`, `,"hosts":{"mcp":"100.64.0.2"}`},
		"the ipset of a destination":     {src + `, "dst": ["ipset:mcp"]`, `,"ipsets":{"ipset:mcp":["100.64.0.1"]}`, `,"ipsets":{"ipset:mcp":[]}`},
		"the group of a destination":     {src + `, "dst": ["group:ops"]`, `,"groups":{"group:ops":["alice@example.com"]}`, `,"groups":{"group:ops":[]}`},
		"the posture":                    {src + "," + dst + `, "srcPosture": ["posture:a"]`, `,"postures":{"posture:a":["node:os == 'linux'"]}`, `,"postures":{"posture:a":["node:os == 'plan9'"]}`},
		"the posture of all":             {src + "," + dst, ``, `,"postures":{"posture:a":["node:os == 'plan9'"]},"defaultSrcPosture":["posture:a"]`},
	} {
		t.Run(name, func(t *testing.T) {
			wantLoses(t, alice, grants(c.rule, c.before), grants(c.rule, c.after), true)
			wantLoses(t, alice, grants(c.rule, c.before), grants(c.rule, c.before+`,"tagOwners":{"tag:x":[]}`), false)
		})
	}
}

// What the grant says is compared, not how it is written.
func TestLosesByRule(t *testing.T) {
	grants := func(rules ...string) string {
		all := ""
		for i, r := range rules {
			if i > 0 {
				all += ","
			}
			all += `{"src": ["alice@example.com"], ` + r + `}`
		}
		return `{"grants": [` + all + `]}`
	}
	app := func(entries string) string { return `"app": {"` + capability + `": [` + entries + `]}` }
	own := `"dst": ["tag:mcp"], ` + app(`{"tools": ["*"]}`)
	for name, c := range map[string]struct {
		after string
		want  bool
	}{
		"written otherwise":         {grants(`"app": { "` + capability + `" : [{ "tools" : ["*"] }] }, "dst": ["tag:mcp"]`), false},
		"one more rule":             {grants(own, `"dst": ["tag:db"], "ip": ["*"]`), false},
		"one more destination":      {grants(`"dst": ["tag:db", "tag:mcp"], ` + app(`{"tools": ["*"]}`)), false},
		"one more entry":            {grants(`"dst": ["tag:mcp"], ` + app(`{"resources": ["*"]}, {"tools": ["*"]}`)), false},
		"other tools":               {grants(`"dst": ["tag:mcp"], ` + app(`{"tools": ["read:*"]}`)), true},
		"another destination":       {grants(`"dst": ["tag:db"], ` + app(`{"tools": ["*"]}`)), true},
		"another capability":        {grants(`"dst": ["tag:mcp"], "app": {"example.com/cap/x": [{"tools": ["*"]}]}`), true},
		"by way of others":          {grants(own + `, "via": ["tag:router"]`), true},
		"on a condition":            {grants(own + `, "srcPosture": ["posture:a"]`), true},
		"an entry nobody can read":  {grants(own, `"dst": ["tag:mcp"], `+app(`{"toolz": ["*"]}`)), true},
		"an entry that is no entry": {grants(own, `"dst": ["tag:mcp"], `+app(`7`)), true},
	} {
		t.Run(name, func(t *testing.T) { wantLoses(t, alice, grants(own), c.after, c.want) })
	}
	// An entry of somebody else's that cannot be read is no business of alice's.
	wantLoses(t, alice, grants(own), `{"grants": [{"src": ["alice@example.com"], `+own+`}, {"src": ["bob@example.com"], "dst": ["tag:mcp"], `+app(`7`)+`}]}`, false)
}

func TestParseRefusals(t *testing.T) {
	for _, file := range []string{
		``, ` `, `{`, `[]`, `null`, `7`, `{} {}`, `{"grants": {}}`, `{"groups": []}`, `{"grants": [{"src": "*"}]}`,
		`{"grants": [], "grants": []}`, `{"grants": [], "Grants": []}`, `{"grants": [], "grant` + "\u017f" + `": []}`,
		`{"grants": [{"src": ["*"], "SRC": []}]}`, `{"groups": {"group:a": [], "group:a": []}}`,
	} {
		if _, err := Parse(file); err == nil {
			t.Errorf("%s is taken for a policy file", file)
		}
	}
	// Names that authors choose differ by case.
	for _, file := range []string{`{}`, "// why\n{\"grants\": [],}\n", `{"groups": {"group:a": [], "group:A": []}}`} {
		if _, err := Parse(file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
