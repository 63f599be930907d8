// SPDX-License-Identifier: MIT

package effect

import "testing"

// However a file writes a name that the service may take, what it gives is told.
func TestWritingsAreTold(t *testing.T) {
	gains := func(where string) []string { return []string{"more: alice@example.com gains tcp:443 on " + where} }
	for name, c := range map[string]struct {
		sections, rules string
		want            []string
	}{
		"a login before it that reads like both": {``, `{"src": ["alice@example.com\nbob@example.com"], "dst": ["tag:mcp"], "ip": ["1"]}, {"src": ["alice@example.com", "bob@example.com"], "dst": ["tag:web"], "ip": ["tcp:443"]}`, []string{
			"more: alice@example.com and bob@example.com gain tcp:443 on 2 devices of tag:web",
			`nothing today: "alice@example.com\nbob@example.com" (not in this tailnet) gains port 1 on device mcp of tag:mcp (nothing today)`,
		}},
		"an autogroup in another case": {``, `{"src": ["autogroup:Admin"], "dst": ["tag:web"], "ip": ["tcp:443"]}`, []string{"more: alice@example.com of autogroup:Admin gains tcp:443 on 2 devices of tag:web"}},
		"a group in another case":      {``, `{"src": ["group:Eng"], "dst": ["tag:web"], "ip": ["tcp:443"]}`, []string{"more: alice@example.com and bob@example.com of group:Eng gain tcp:443 on 2 devices of tag:web"}},
		"a tag in another case":        {``, `{"src": ["alice@example.com"], "dst": ["tag:Web"], "ip": ["tcp:443"]}`, gains("2 devices of tag:Web")},
		"a host in another case":       {`, "hosts": {"Both": "100.64.0.6-100.64.0.7"}`, `{"src": ["alice@example.com"], "dst": ["both"], "ip": ["tcp:443"]}`, gains("host both (100.64.0.6/31)")},
		"a host by its kind":           {`, "hosts": {"both": "100.64.0.6-100.64.0.7"}`, `{"src": ["alice@example.com"], "dst": ["host:both"], "ip": ["tcp:443"]}`, gains("host:both (100.64.0.6/31)")},
		"an ipset in another case":     {`, "ipsets": {"ipset:Web": ["100.64.0.6/31"]}`, `{"src": ["alice@example.com"], "dst": ["ipset:web"], "ip": ["tcp:443"]}`, gains("ipset:web (100.64.0.6/31)")},
		"an ipset after a space":       {`, "ipsets": {"ipset:web": [" add 100.64.0.6/31"]}`, `{"src": ["alice@example.com"], "dst": ["ipset:web"], "ip": ["tcp:443"]}`, gains("ipset:web (100.64.0.6/31)")},
		"a prefix of mapped addresses": {``, `{"src": ["alice@example.com"], "dst": ["::ffff:100.64.0.6/127"], "ip": ["tcp:443"]}`, gains("::ffff:100.64.0.6/127 (100.64.0.6/31)")},
		"self in another case":         {``, `{"src": ["vera@example.com"], "dst": ["autogroup:SELF"], "ip": ["tcp:443"]}`, []string{"more: vera@example.com gains tcp:443 on their own devices"}},
		"a star among ports": {`, "acls": [{"action": "accept", "proto": "tcp", "src": ["alice@example.com"], "dst": ["tag:web:22,*"]}]`, ``, []string{
			"more: alice@example.com gains tcp:* on 2 devices of tag:web",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			wantTold(t, between(t, file(``, ``), file(c.sections, c.rules), office(), Focus{}), c.want...)
		})
	}
}

// Of what goes with one rule, each loosening is told.
func TestLooseningsOfSSH(t *testing.T) {
	old := file(ssh("check", `"root"`, `, "checkPeriod": "1h", "recorder": ["tag:mcp"], "enforceRecorder": true`), ``)
	for name, c := range map[string]struct{ now, want string }{
		"longer and not recorded":    {ssh("check", `"root"`, `, "checkPeriod": "168h"`), "with a check every 168h instead of every 1h and without being recorded by tag:mcp"},
		"unchecked and not recorded": {ssh("accept", `"root"`, ``), "without the check that asks to sign in again and without being recorded by tag:mcp"},
		"not recorded":               {ssh("check", `"root"`, `, "checkPeriod": "1h"`), "without being recorded by tag:mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			wantTold(t, between(t, old, file(c.now, ``), office(), Focus{}), "root: bob@example.com gains ssh as root "+c.want+" on 2 devices of tag:web")
		})
	}
}

// Who owns a tag that owns others may put devices under those too.
func TestPowerByTagsInTurn(t *testing.T) {
	tailnet := func(owners string) string {
		return `{"tagOwners": {"tag:web": ["tag:b"], "tag:a": [` + owners + `], "tag:b": ["tag:A", "tag:web"]}, "grants": [{"src": ["tag:web"], "dst": ["*"], "ip": ["*"]}]}`
	}
	wantTold(t, between(t, tailnet(``), tailnet(`"carol@example.com"`), office(), Focus{}),
		"network: carol@example.com gains the ownership of tag:a, and may so put devices under it: 1 rule gives it, or the tags that it owns in turn (tag:b and tag:web), access to everything")
}
