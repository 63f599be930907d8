// SPDX-License-Identifier: MIT

package leaving_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/edit"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/tool/review/leaving"
)

const file = `{
	// People.
	"groups": {
		"group:eng": ["alice@example.com", "bob@example.com"],
		"group:solo": ["Bob@example.com"], // him alone
	},
	"tagOwners": {"tag:web": ["bob@example.com", "group:eng"]},
	"autoApprovers": {"routes": {"10.0.0.0/8": ["bob@example.com"]}, "exitNode": ["group:eng", "bob@example.com"]},
	"acls": [
		{"action": "accept", "src": ["bob@example.com", "alice@example.com", "bob@example.com"], "dst": ["bob@example.com:22", "tag:web:443"]},
		{"action": "accept", "src": ["bob@example.com"], "dst": ["tag:web:80"]}, // his
		{"action": "accept", "src": ["group:eng"], "dst": ["*:*"]},
	],
	"grants": [
		{"src": ["alice@example.com", "bob@example.com"], "dst": ["tag:web"], "ip": ["443"]},
		{"src": ["group:eng"], "dst": ["tag:web"], "app": {"example.com/cap/mcp": [{"tools": ["*"], "devices": ["bob@example.com"]}]}},
		{"src": ["bob@example.com"], "dst": ["tag:web"], "app": {"example.com/cap/mcp": [{"tools": ["*"], "devices": ["bob@example.com"]}]}},
	],
	"ssh": [{"action": "accept", "src": ["bob@example.com", "group:eng"], "dst": ["tag:web"], "users": ["root"]}],
	"tests": [
		{"src": "bob@example.com", "accept": ["tag:web:443"]},
		{"src": "alice@example.com", "accept": ["bob@example.com:22"], "deny": ["tag:web:25"]},
		{"src": "alice@example.com", "deny": ["bob@example.com:25"]},
	],
}`

func read(t *testing.T, text string) *grammar.File {
	t.Helper()
	f, err := grammar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every place is found, in any case and with ports behind.
func TestPlaces(t *testing.T) {
	places, err := leaving.Places(read(t, file), "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range places {
		got = append(got, strings.TrimSpace(fmt.Sprint(p.Section, " ", p.Name, " ", p.Line)))
	}
	const want = "groups group:eng 4, groups group:solo 5, tagOwners tag:web 7, autoApprovers 10.0.0.0/8 8, autoApprovers exitNode 8, " +
		"acls 10, acls 10, acls 10, acls 11, grants 15, grants 16, grants 17, grants 17, ssh 19, tests 21, tests 22, tests 23"
	if text := strings.Join(strings.Fields(strings.Join(got, ", ")), " "); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// The operations leave nobody's rule behind, and what is not theirs as it was.
func TestOut(t *testing.T) {
	f := read(t, file)
	e, err := leaving.Out(f, "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	after, err := edit.Apply(file, e.Operations)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.ByHand) != 1 || e.ByHand[0] != 16 {
		t.Errorf("got the lines %v by hand, want that of the entry for this server", e.ByHand)
	}
	if left := strings.Count(strings.ToLower(after.Text), "bob@example.com"); left != 1 {
		t.Errorf("he is left %d times:\n%s", left, after.Text)
	}
	for _, part := range []string{
		`"group:eng": ["alice@example.com"],`, "// People.", `"tag:web": ["group:eng"]`, `"exitNode": ["group:eng"]`,
		`{"action": "accept", "src": ["alice@example.com"], "dst": ["tag:web:443"]},`, `"dst": ["*:*"]`, `{"src": ["alice@example.com"], "dst": ["tag:web"], "ip": ["443"]},`,
		`"src": ["group:eng"], "dst": ["tag:web"], "users": ["root"]`, `"deny": ["tag:web:25"]`,
	} {
		if !strings.Contains(after.Text, part) {
			t.Errorf("%s is not in it:\n%s", part, after.Text)
		}
	}
	for _, part := range []string{"tag:web:80", `"deny": ["bob`, `"src": []`, `"accept": ["tag:web:443"]`} {
		if strings.Contains(after.Text, part) {
			t.Errorf("%s is in it:\n%s", part, after.Text)
		}
	}
	if notes := strings.Join(e.Notes, "; "); !strings.Contains(notes, "group:solo has nobody left (line 5)") || !strings.Contains(notes, "acls with line 11 goes whole") {
		t.Errorf("got %s", notes)
	}
	for _, o := range e.Operations {
		if o.Op == "json_patch" && !json.Valid([]byte(o.Patch)) {
			t.Errorf("got %s", o.Patch)
		}
	}
}

// Whom the file does not name needs no change.
func TestOutOfNothing(t *testing.T) {
	if e, err := leaving.Out(read(t, file), "ob@example.com"); err != nil || len(e.Operations) > 0 {
		t.Errorf("got %+v and %v", e, err)
	}
}
