// SPDX-License-Identifier: MIT

package policy

import (
	"testing"

	"tailscale-mcp/internal/caller"
)

// A grant of this server's is worth nothing to whoever cannot connect to it.
func TestLosesTheNetwork(t *testing.T) {
	const app = `{"src": ["alice@example.com"], "dst": ["tag:mcp"], "app": {"` + capability + `": [{"tools": ["*"]}]}}`
	ip := func(rule string) string { return `{"grants": [` + app + `, {` + rule + `}]}` }
	acls := func(rule string) string {
		return `{"grants": [` + app + `], "acls": [{"action": "accept", ` + rule + `}]}`
	}
	const gone = `{"grants": [` + app + `]}`
	for name, c := range map[string]struct {
		before, after string
		want          bool
	}{
		"all of it":                          {ip(`"src": ["*"], "dst": ["*"], "ip": ["*"]`), gone, true},
		"this server":                        {ip(`"src": ["alice@example.com"], "dst": ["tag:mcp"], "ip": ["8080"]`), gone, true},
		"an address, which may be this one":  {ip(`"src": ["*"], "dst": ["100.64.0.1"], "ip": ["*"]`), gone, true},
		"another tag":                        {ip(`"src": ["*"], "dst": ["tag:db"], "ip": ["*"]`), gone, false},
		"somebody else's":                    {ip(`"src": ["bob@example.com"], "dst": ["*"], "ip": ["*"]`), gone, false},
		"another port":                       {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["22"]`), true},
		"other sources":                      {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["*"]`), ip(`"src": ["autogroup:admin"], "dst": ["tag:mcp"], "ip": ["*"]`), true},
		"on a condition":                     {ip(`"src": ["*"], "dst": ["*"], "ip": ["*"]`), ip(`"src": ["*"], "dst": ["*"], "ip": ["*"], "srcPosture": ["posture:a"]`), true},
		"by way of others":                   {ip(`"src": ["*"], "dst": ["*"], "ip": ["*"]`), ip(`"src": ["*"], "dst": ["*"], "ip": ["*"], "via": ["tag:router"]`), true},
		"more than before":                   {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), ip(`"src": ["*"], "dst": ["*"], "ip": ["*"]`), false},
		"more than before, as an acl":        {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), acls(`"src": ["*"], "dst": ["*:*"]`), false},
		"another port of everything":         {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), ip(`"src": ["*"], "dst": ["*"], "ip": ["22"]`), true},
		"everything elsewhere":               {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), ip(`"src": ["*"], "dst": ["tag:db"], "ip": ["*"]`), true},
		"more, by a protocol":                {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), acls(`"src": ["*"], "proto": "udp", "dst": ["*:*"]`), true},
		"more, if alice is an admin":         {ip(`"src": ["*"], "dst": ["tag:mcp"], "ip": ["8080"]`), ip(`"src": ["autogroup:admin"], "dst": ["*"], "ip": ["*"]`), true},
		"an acl of all":                      {acls(`"src": ["*"], "dst": ["*:*"]`), gone, true},
		"an acl of all, by its oldest names": {acls(`"users": ["*"], "ports": ["*:*"]`), gone, true},
		"an acl of this server":              {acls(`"src": ["*"], "dst": ["tag:db:*", "tag:mcp:8080"]`), acls(`"src": ["*"], "dst": ["tag:db:*"]`), true},
		"an acl of another tag":              {acls(`"src": ["*"], "dst": ["tag:mcp:8080", "tag:db:*"]`), acls(`"src": ["*"], "dst": ["tag:mcp:8080"]`), false},
		"an acl of another protocol":         {acls(`"src": ["*"], "proto": "tcp", "dst": ["tag:mcp:*"]`), acls(`"src": ["*"], "proto": "udp", "dst": ["tag:mcp:*"]`), true},
		"no acl to speak of":                 {acls(`"src": ["*"], "dst": ["x"]`), acls(`"src": ["*"], "dst": ["x"]`), false},
	} {
		t.Run(name, func(t *testing.T) {
			wantLoses(t, alice, c.before, c.after, c.want)
			// Whoever is here by no grant of the file loses nothing by it.
			wantLoses(t, caller.Caller{Login: "operator"}, c.before, c.after, false)
		})
	}
	// What tags this server has is known only when the grants name it by them.
	for dst, want := range map[string]bool{`"*"`: true, `"mcp"`: true, `"100.64.0.1"`: true, `"autogroup:tagged"`: true, `"tag:mcp", "mcp"`: true, `"tag:mcp", "tag:mcp2"`: false} {
		file := func(rule string) string {
			return `{"hosts": {"mcp": "100.64.0.1"}, "grants": [{"src": ["*"], "dst": [` + dst + `], "app": {"` + capability + `": [{"tools": ["*"]}]}}` + rule + `]}`
		}
		wantLoses(t, alice, file(`, {"src": ["*"], "dst": ["tag:x"], "ip": ["*"]}`), file(``), want)
	}
}

// A host of two tags may be granted by one and reached by the other.
func TestLosesTheNetworkOfAnotherTag(t *testing.T) {
	file := func(dst, rule string) File {
		t.Helper()
		r, err := Parse(`{"grants": [{"src": ["*"], "dst": ["` + dst + `"], "app": {"` + capability + `": [{"tools": ["*"]}]}}` + rule + `]}`)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const rule = `, {"src": ["*"], "dst": ["tag:web"], "ip": ["*"]}`
	for _, c := range []struct {
		own  []string
		dst  string
		want bool
	}{
		{[]string{"tag:mcp", "tag:web"}, "tag:mcp", true},
		{[]string{"tag:mcp"}, "tag:mcp", false},
		{nil, "tag:mcp", false},
		{[]string{}, "100.64.0.1", false},
		{[]string{"tag:mcp"}, "*", false},
		{nil, "*", true},
	} {
		if got := Loses(alice, capability, c.own, file(c.dst, rule), file(c.dst, "")); got != c.want {
			t.Errorf("with the tags %q, granted by %s: got %t, want %t", c.own, c.dst, got, c.want)
		}
	}
}
