// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/tooltest"
)

const mine = `{"src": ["group:ops"], "dst": ["tag:mcp"], "app": {"jaxxstorm.com/cap/mcp": [{"tools": ["*"]}]}}`

func TestSetPolicy(t *testing.T) {
	file := func(grants string) string {
		return "// Why.\n{\n\"groups\": {\"group:ops\": [\"alice@example.com\"]},\n\"grants\": [" + grants + "]\n}\n"
	}
	old := file(mine)
	for _, c := range []struct {
		name, policy, etag, confirm, want string // want is in the answer or the error
		sent                              int
	}{
		{"set", file(mine + "\n"), "", "policy", `@@ -4 +4 @@\n-`, 1},
		{"without confirm", file(mine + "\n"), "", "", "confirmation_required", 0},
		{"the same", old, "", "", "nothing was sent", 0},
		{"stale", file(mine + "\n"), "\"old\"", "policy", "conflict", 0},
		{"no etag", file(mine + "\n"), " ", "policy", "invalid_argument", 0},
		{"no HuJSON", "{", "", "policy", "invalid_argument", 0},
		{"not valid", `{"nonsense": 1}`, "", "policy", "nothing was changed: the new file is not valid", 0},
		{"my access, without the word", file(""), "", "policy", "policy without my access", 0},
		{"my access", file(""), "", "policy without my access", "difference", 1},
		{"comments gone", strings.TrimPrefix(old, "// Why.\n"), "", "policy", "all comments of the file are removed", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			fake, dispatcher := startTools(t)
			if err := fake.SetPolicy(old); err != nil {
				t.Fatal(err)
			}
			rules, err := grant.Parse([]string{`{"tools":["*","escalating:*"]}`})
			if err != nil {
				t.Fatal(err)
			}
			call := func(name, arguments string) string {
				text, err := dispatcher.Call(t.Context(), caller.Caller{Login: "alice@example.com", Rules: rules},
					tool.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
				if err != nil {
					return err.Error()
				}
				return string(text)
			}
			var read getOutput
			if err := json.Unmarshal([]byte(call("get_policy", `{}`)), &read); err != nil || read.Policy != old {
				t.Fatalf("got %+v, error %v", read, err)
			}
			if c.etag != "" {
				read.ETag = c.etag
			}
			got := call("set_policy", fmt.Sprintf(`{"policy":%s,"etag":%s,"confirm":%q}`, asJSON(c.policy), asJSON(read.ETag), c.confirm))
			if !strings.Contains(got, c.want) || fake.Count("setPolicyFile") != c.sent {
				t.Errorf("got %s and %d sent, want %s and %d", got, fake.Count("setPolicyFile"), c.want, c.sent)
			}
			if c.sent == 1 && fake.Policy() != c.policy {
				t.Errorf("got the file %s", fake.Policy())
			}
		})
	}
}

func asJSON(s string) string {
	text, _ := json.Marshal(s)
	return string(text)
}

func startTools(t *testing.T) (*fakeapi.Server, *tool.Dispatcher) {
	t.Helper()
	r := tooltest.NewAPI(t, fakeapi.Options{}, func(api *tailnet.API) tool.Set { return Tools(api, "jaxxstorm.com/cap/mcp") })
	return r.Fake, r.Dispatcher
}
