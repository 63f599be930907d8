// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// TestWhatIsMissingIsSaid: a host without a credential says so at first to everybody, and
// of a tool to those who are granted it, as a result that the model reads.
func TestWhatIsMissingIsSaid(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t, func(o *setup) {
			o.withheld = []gate.Withheld{{
				Tool: grant.Tool{Name: "list_all_devices", Group: "devices", Class: grant.Read},
				Why:  []gate.Reason{{What: "it has no API credential", Next: "an administrator sets one"}},
			}}
		})
		b.grant("alice@example.com", `{"tools":["read:*"]}`)
		alice, bob := b.alice(t, revision), b.bob(t, revision)
		method, params := "server/discover", map[string]any{}
		if revision != modern {
			method, params = "initialize", map[string]any{"protocolVersion": revision, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "test", "version": "1"}}
		}
		var hello struct{ Instructions string }
		if r := bob.do(t, bob.request(t.Context(), 1, method, params)); json.Unmarshal(r.Result, &hello) != nil {
			t.Fatalf("%s: got %s", method, r.body)
		}
		for _, want := range []string{"This host does not offer everything: it has no API credential. whoami says", "set to it", "group local about this host"} {
			if !strings.Contains(hello.Instructions, want) {
				t.Errorf("got the instructions %s, want %q", hello.Instructions, want)
			}
		}
		if text, isError := alice.call(t, "list_all_devices", nil); !isError || text != "not_offered: this host does not offer the tool list_all_devices, because it has no API credential. Next step: an administrator sets one" {
			t.Errorf("got %q", text)
		}
		call := func(c *client, name string) string {
			r := c.do(t, c.request(t.Context(), 1, "tools/call", map[string]any{"name": name, "arguments": map[string]any{}}))
			return string(r.body)
		}
		if got := call(alice, "list_devices"); !strings.Contains(got, "unknown_name") || !strings.Contains(got, "did you mean list_all_devices?") {
			t.Errorf("got %s", got)
		}
		if got := call(bob, "list_all_devices"); !strings.Contains(got, "unknown_name") || strings.Contains(got, "credential") {
			t.Errorf("who is granted nothing: got %s", got)
		}
	})
}
