// SPDX-License-Identifier: MIT

package gateway_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// TestCallerTold: a server is told who calls, and of the caller's capabilities what its
// entry passes; nothing that a client writes there reaches it, and nothing that the server
// writes there reaches a client.
func TestCallerTold(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.Odd("passed", `{"pass":["example.com/cap/files","example.com/cap/none"]}`)
	b.Odd("untold", `{"identity":false}`)
	for _, name := range []string{"odd", "passed", "untold"} {
		b.approve(t, name, nil)
	}
	b.grant("alice@example.com", `{"tools":["odd/*","passed/*","untold/*"]}`)
	b.values = map[string]map[string][]string{"alice@example.com": {
		"example.com/cap/files": {`{"folder":"/srv/docs","big":9007199254740993}`, `{"folder":"/srv/more"}`}, "example.com/cap/other": {`1`},
	}}
	if !b.servers.Passes("example.com/cap/files") || b.servers.Passes("example.com/cap/other") {
		t.Error("what is passed is not what the entries name")
	}
	caller := map[string]any{"login": "alice@example.com", "name": "Somebody", "node": "alice-laptop", "nodeId": "nalice@example.com"}
	with := map[string]any{"capabilities": map[string]any{"example.com/cap/files": []any{
		map[string]any{"folder": "/srv/docs", "big": json.Number("9007199254740993")}, map[string]any{"folder": "/srv/more"},
	}}}
	for k, v := range caller {
		with[k] = v
	}
	for server, want := range map[string]any{"odd": caller, "passed": with, "untold": nil} {
		_, text := b.alice().post(t.Context(), t, server, "tools/call", map[string]any{"name": "who", "_meta": map[string]any{
			"tailscale-mcp/caller": map[string]any{"login": "root@example.com"}, "tailscale-mcp/other": 1, "example.com/kept": 2,
		}})
		var answer struct {
			Result struct {
				Content []struct{ Text string }
				Meta    map[string]json.RawMessage `json:"_meta"`
			}
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Result.Content) != 1 {
			t.Fatalf("%s: %v %s", server, err, text)
		}
		var meta map[string]any
		d := json.NewDecoder(strings.NewReader(answer.Result.Content[0].Text))
		d.UseNumber()
		if err := d.Decode(&meta); err != nil {
			t.Fatal(err)
		}
		if got := meta["tailscale-mcp/caller"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: told %v, want %v", server, got, want)
		}
		if meta["tailscale-mcp/other"] != nil || meta["example.com/kept"] == nil {
			t.Errorf("%s: the client's own members: %v", server, meta)
		}
		if answer.Result.Meta["tailscale-mcp/caller"] != nil || string(answer.Result.Meta["example.com/x"]) != "9007199254740993" {
			t.Errorf("%s: answered %s", server, text)
		}
	}
}
