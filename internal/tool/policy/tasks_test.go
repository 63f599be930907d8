// SPDX-License-Identifier: MIT

package policy

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// office is a file as a company has it.
const office = `// Who may reach what. Ask ops before you change it.
{
	"groups": {
		// Builds and runs the product.
		"group:eng": [
			"alice@example.com",
			"bob@example.com", // since May
		],
		"group:ops": ["alice@example.com", "bob@example.com"],
		"group:contractors": ["dave@example.com"],
	},
	"tagOwners": {
		"tag:mcp": ["group:ops"],
		"tag:web": ["group:eng", "bob@example.com"],
	},
	"acls": [
		{"action": "accept", "src": ["group:eng"], "dst": ["tag:web:22"]}, // the team
	],
	"grants": [
		{"src": ["group:ops"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*"]}]}},
	],
	"tests": [
		{"src": "bob@example.com", "accept": ["tag:web:22"]},
	],
}
`

// asked makes a change as an assistant does, in two calls: the first, which has to say
// all of the parts and to leave the file as it is, and the second with its code.
func asked(r *tooltest.API, name, arguments string, parts ...string) {
	r.Helper()
	before := r.Fake.Policy()
	_, err := r.Call(name, strings.Replace(arguments, `"confirm":"CODE"`, `"confirm":""`, 1))
	r.Told(name, "", err, tool.CodeConfirmationRequired, parts...)
	if r.Fake.Policy() != before {
		r.Fatalf("%s has changed the file before it was confirmed", name)
	}
	out, err := r.Call(name, strings.Replace(arguments, `"confirm":"CODE"`, `"confirm":"`+tooltest.CodeOf(err)+`"`, 1))
	if err != nil || !strings.Contains(out, `"etag":`) {
		r.Fatalf("%s: got %s and %v, want it saved by the second call", name, out, err)
	}
}

// What administrators ask for takes two calls: one that says who gains or loses what,
// and one that saves.
func TestTwoCalls(t *testing.T) {
	replaced := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(office) }
	for name, c := range map[string]struct {
		operations string
		parts      []string
		want       string
	}{
		"a person joins a group": {
			`{"op":"add_member","name":"group:eng","member":"dave@example.com"}`,
			[]string{`dave@example.com of group:eng gains port 22 on device web of tag:web`, `@@ -5,6 +5,7 @@ groups "group:eng"`, `+			"dave@example.com",`},
			replaced("// since May\n", "// since May\n\t\t\t\"dave@example.com\",\n"),
		},
		"contractors reach the web, with a test": {
			`{"op":"add_rule","section":"acls","rule":{"action": "accept", "src": ["group:contractors"], "dst": ["tag:web:443"]}},` +
				`{"op":"add_test","rule":{"src": "dave@example.com", "accept": ["tag:web:443"], "deny": ["tag:web:22"]}}`,
			[]string{`dave@example.com of group:contractors gains port 443 on device web of tag:web; `, "the Tailscale API takes the new file, and its tests pass"},
			replaced("// the team\n", "// the team\n\t\t{\"action\": \"accept\", \"src\": [\"group:contractors\"], \"dst\": [\"tag:web:443\"]},\n",
				"\"tag:web:22\"]},\n\t],\n}", "\"tag:web:22\"]},\n\t\t{\"src\": \"dave@example.com\", \"accept\": [\"tag:web:443\"], \"deny\": [\"tag:web:22\"]},\n\t],\n}"),
		},
		"a person leaves": {
			`{"op":"remove_member","name":"group:eng","member":"bob@example.com"},{"op":"remove_member","name":"group:ops","member":"bob@example.com"},` +
				`{"op":"remove_owner","name":"tag:web","member":"bob@example.com"},{"op":"remove_test","rule":{"src": "bob@example.com", "accept": ["tag:web:22"]}}`,
			[]string{`bob@example.com of group:ops loses the tools "*" of servers like this one on device mcp of tag:mcp, which is this server`, `bob@example.com of group:eng loses`},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := startWith(t, office)
			r.Fake.SetDevices(append(r.Fake.Devices(),
				fakeapi.Device{NodeID: "nWebCNTRL", ID: "21", Hostname: "web", Tags: []string{"tag:web"}, Addresses: []string{"100.64.0.21"}},
				fakeapi.Device{NodeID: "nDaveCNTRL", ID: "22", Hostname: "dave-laptop", User: "dave@example.com", Addresses: []string{"100.64.0.22"}}))
			asked(r, "edit_policy", `{"operations":[`+c.operations+`],"confirm":"CODE"}`, c.parts...)
			got := r.Fake.Policy()
			if c.want != "" && got != c.want {
				t.Errorf("got the file %s, want %s", got, c.want)
			}
			if c.want == "" && (strings.Contains(got, "bob") || !strings.Contains(got, "// Builds and runs the product.")) {
				t.Errorf("got the file %s, want bob gone and comments kept", got)
			}
			// And back: the last change is undone by two calls too.
			asked(r, "revert_policy", `{"change":"last","confirm":"CODE"}`, "puts the tailnet policy file back to as it was before the change of", "alice@example.com")
			if r.Fake.Policy() != office {
				t.Errorf("got the file %s after it was undone", r.Fake.Policy())
			}
		})
	}
}

// Without an etag a change is confirmed of the file that it was shown of.
func TestEditOfAnotherFile(t *testing.T) {
	r, _ := startWith(t, office)
	arguments := `{"operations":[` + addBob + `],"confirm":"CODE"}`
	arguments = strings.Replace(arguments, "bob@", "carol@", 1)
	_, err := r.Call("edit_policy", strings.Replace(arguments, "CODE", "", 1))
	code := tooltest.CodeOf(err)
	theirs := office + "// theirs\n"
	if err := r.Fake.SetPolicy(theirs); err != nil {
		t.Fatal(err)
	}
	r.Refuses("edit_policy", strings.Replace(arguments, "CODE", code, 1), tool.CodeConfirmationRequired, "has changed since its code was handed out")
	if r.Fake.Policy() != theirs {
		t.Errorf("got the file %s, want theirs", r.Fake.Policy())
	}
}
