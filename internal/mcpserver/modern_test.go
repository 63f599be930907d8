// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What revision 2026-07-28 asks of a server on Streamable HTTP, with the exact
// status and code: "Request Metadata", "Standard Headers", "Versioning".

const (
	headerMismatch     = -32020
	unsupportedVersion = -32022
	methodNotFound     = -32601
	badParams          = -32602
)

func TestModernRequests(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"],"resources":["*"]}`)
	alice := b.alice(t, modern)
	const version, caps = "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"
	echo := map[string]any{"name": "get_echo", "arguments": map[string]any{"text": "x"}}
	fixed := map[string]any{"uri": "test://fixed"}
	ask := map[string]any{"name": "ask", "arguments": map[string]any{"what": "x"}}
	base64of := func(s string) string { return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?=" }
	for _, c := range []struct {
		name    string
		method  string
		params  map[string]any
		headers string         // as in TestHeadersRefused
		meta    map[string]any // nil values are left out
		status  int
		code    int // 0: answered
	}{
		// The headers agree with the body.
		{"tools/list", "tools/list", nil, "", nil, 200, 0},
		{"tools/call", "tools/call", echo, "", nil, 200, 0},
		{"resources/read", "resources/read", fixed, "", nil, 200, 0},
		{"prompts/get", "prompts/get", ask, "", nil, 200, 0},
		{"names of headers in any case", "tools/call", echo, "MCP-METHOD: tools/call|mcp-name: get_echo", nil, 200, 0},
		{"white space around values", "tools/call", echo, "Mcp-Method:   tools/call |Mcp-Name: \tget_echo ", nil, 200, 0},
		{"name in base64", "tools/call", echo, "Mcp-Name: " + base64of("get_echo"), nil, 200, 0},
		{"URI in base64", "resources/read", fixed, "Mcp-Name: " + base64of("test://fixed"), nil, 200, 0},
		{"a session id, which means nothing", "tools/list", nil, "Mcp-Session-Id: x", nil, 200, 0},
		{"a Last-Event-ID, which means nothing", "tools/list", nil, "Last-Event-Id: 1", nil, 200, 0},
		{"no client info", "tools/list", nil, "", map[string]any{"io.modelcontextprotocol/clientInfo": nil}, 200, 0},
		{"a parameter header that no tool declares", "tools/call", echo, "Mcp-Param-Text: y", nil, 200, 0},

		// M3, M4: missing or different.
		{"no version header", "tools/list", nil, "MCP-Protocol-Version: -", nil, 400, headerMismatch},
		{"an older version in the header", "tools/list", nil, "MCP-Protocol-Version: 2025-11-25", nil, 400, headerMismatch},
		{"a newer version in the header", "tools/list", nil, "MCP-Protocol-Version: 2027-01-01", nil, 400, headerMismatch},
		{"no method header", "tools/list", nil, "Mcp-Method: -", nil, 400, headerMismatch},
		{"another method", "tools/list", nil, "Mcp-Method: tools/call", nil, 400, headerMismatch},
		{"the method in capitals", "tools/list", nil, "Mcp-Method: Tools/List", nil, 400, headerMismatch},
		{"no name header", "tools/call", echo, "Mcp-Name: -", nil, 400, headerMismatch},
		{"another tool", "tools/call", echo, "Mcp-Name: get_other", nil, 400, headerMismatch},
		{"the tool in capitals", "tools/call", echo, "Mcp-Name: GET_ECHO", nil, 400, headerMismatch},
		{"another URI", "resources/read", fixed, "Mcp-Name: test://thing/one", nil, 400, headerMismatch},
		{"no URI header", "resources/read", fixed, "Mcp-Name: -", nil, 400, headerMismatch},
		{"another prompt", "prompts/get", ask, "Mcp-Name: tell", nil, 400, headerMismatch},
		{"method header of a hidden call", "tools/call", map[string]any{"name": "set_echo"}, "Mcp-Method: tools/list|Mcp-Name: -", nil, 400, headerMismatch},
		// M5.
		{"another name in base64", "tools/call", echo, "Mcp-Name: " + base64of("get_other"), nil, 400, headerMismatch},
		{"base64 that is none", "tools/call", echo, "Mcp-Name: =?base64?!?=", nil, 400, headerMismatch},

		// M10: _meta.
		{"no version in _meta", "tools/list", nil, "", map[string]any{version: nil}, 400, badParams},
		{"version a number", "tools/list", nil, "", map[string]any{version: 20260728}, 400, badParams},
		{"no capabilities", "tools/list", nil, "", map[string]any{caps: nil}, 400, badParams},
		{"capabilities a string", "tools/list", nil, "", map[string]any{caps: "all"}, 400, badParams},
		{"capabilities an array", "tools/list", nil, "", map[string]any{caps: []any{}}, 400, badParams},
		// M11.
		{"a version to come", "tools/list", nil, "MCP-Protocol-Version: 2027-01-01", map[string]any{version: "2027-01-01"}, 400, unsupportedVersion},
		{"no version at all", "tools/list", nil, "MCP-Protocol-Version: zzz", map[string]any{version: "zzz"}, 400, unsupportedVersion},
		// M12.
		{"unknown method", "tools/steal", nil, "", nil, 404, methodNotFound},
		{"initialize, which is gone", "initialize", map[string]any{"protocolVersion": modern}, "", nil, 404, methodNotFound},
		{"ping, which is gone", "ping", nil, "", nil, 404, methodNotFound},
		{"logging/setLevel, which is gone", "logging/setLevel", map[string]any{"level": "debug"}, "", nil, 404, methodNotFound},
		{"resources/subscribe, which is gone", "resources/subscribe", fixed, "", nil, 404, methodNotFound},
		{"tasks/list, which is gone", "tasks/list", nil, "", nil, 404, methodNotFound},
		{"tasks/get, which is not offered", "tasks/get", map[string]any{"taskId": "1"}, "", nil, 404, methodNotFound},
		// Wrong parameters.
		{"a cursor of nobody's", "tools/list", map[string]any{"cursor": "%%%"}, "", nil, 400, badParams},
		{"a cursor of a wrong type", "tools/list", map[string]any{"cursor": 5}, "", nil, 400, badParams},
		{"an unknown tool", "tools/call", map[string]any{"name": "get_nothing"}, "", nil, 400, badParams},
		{"an unknown resource", "resources/read", map[string]any{"uri": "test://nothing"}, "", nil, 400, badParams},
		{"an unknown prompt", "prompts/get", map[string]any{"name": "tell"}, "", nil, 400, badParams},
		{"a prompt without its argument", "prompts/get", map[string]any{"name": "ask"}, "", nil, 400, badParams},
	} {
		t.Run(c.name, func(t *testing.T) {
			params := map[string]any{}
			for key, value := range c.params {
				params[key] = value
			}
			r := alice.request(t.Context(), 5, c.method, params)
			if c.meta != nil {
				meta := params["_meta"].(map[string]any)
				for key, value := range c.meta {
					if meta[key] = value; value == nil {
						delete(meta, key)
					}
				}
				body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 5, "method": c.method, "params": params})
				changed := alice.raw(t.Context(), string(body))
				changed.Header = r.Header
				r = changed
			}
			for line := range strings.SplitSeq(c.headers, "|") {
				if name, value, ok := strings.Cut(line, ": "); ok && value == "-" {
					r.Header.Del(name)
				} else if ok {
					r.Header.Set(name, value)
				}
			}
			got := alice.do(t, r)
			if c.code != 0 {
				got.refused(t, c.status, c.code, "5")
			} else if got.status != c.status || got.Result == nil || string(got.ID) != "5" {
				t.Errorf("status %d, want %d and a result: %s", got.status, c.status, got.body)
			}
			if c.code == unsupportedVersion && !strings.Contains(string(got.Error.Data), `"supported":["`+modern) {
				t.Errorf("data %s does not name what is supported", got.Error.Data)
			}
		})
	}
	b.unharmed(t)
}

func TestModernHeaderWithoutMeta(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, modern)
	for _, params := range []string{``, `,"params":{}`, `,"params":null`, `,"params":{"_meta":{}}`, `,"params":{"_meta":null}`} {
		r := alice.raw(t.Context(), `{"jsonrpc":"2.0","id":"a","method":"tools/list"`+params+`}`)
		r.Header.Set("Mcp-Method", "tools/list")
		alice.do(t, r).refused(t, 400, badParams, `"a"`)
	}
}

// TestDiscover: revision 2026-07-28's way to learn about a server (M14).
func TestDiscover(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, modern)
	r := alice.do(t, alice.request(t.Context(), 1, "server/discover", nil))
	var result struct {
		SupportedVersions []string
		Capabilities      map[string]map[string]bool
		Instructions      string
		ResultType        string
		TTL               *int `json:"ttlMs"`
		CacheScope        string
		Meta              map[string]struct{ Name, Version string } `json:"_meta"`
	}
	if err := json.Unmarshal(r.Result, &result); err != nil {
		t.Fatalf("%v: %s", err, r.body)
	}
	if want := []string{modern, legacy, "2025-06-18", "2025-03-26", "2024-11-05"}; !slices.Equal(result.SupportedVersions, want) {
		t.Errorf("versions %q, want %q", result.SupportedVersions, want)
	}
	if result.Meta["io.modelcontextprotocol/serverInfo"].Name != "tailscale-mcp" || !strings.Contains(result.Instructions, "whoami") ||
		result.ResultType != "complete" || result.TTL == nil || result.CacheScope == "" {
		t.Errorf("%s", r.body)
	}
	c := result.Capabilities
	for _, kind := range []string{"tools", "prompts", "resources"} {
		if !c[kind]["listChanged"] {
			t.Errorf("no listChanged for %s, though subscriptions/listen tells it", kind)
		}
	}
	if c["resources"]["subscribe"] || c["completions"] == nil || c["logging"] != nil || c["tasks"] != nil {
		t.Errorf("capabilities %v", c)
	}
}

// TestNothingIsForSharedCaches: what depends on who asks is private (M24), and
// no HTTP cache keeps any answer.
func TestNothingIsForSharedCaches(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"],"resources":["*"]}`)
	for method, params := range map[string]map[string]any{
		"tools/list": nil, "prompts/list": nil, "resources/list": nil, "resources/templates/list": nil,
		"resources/read": {"uri": "test://fixed"},
	} {
		alice := b.alice(t, modern)
		r := alice.do(t, alice.request(t.Context(), 1, method, params))
		if !strings.Contains(r.body, `"cacheScope":"private"`) || !strings.Contains(r.body, `"ttlMs":`) {
			t.Errorf("%s: %s", method, r.body)
		}
		if got := r.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", method, got)
		}
	}
	for _, revision := range []string{legacy, modern} {
		alice := b.alice(t, revision)
		r := alice.do(t, alice.request(t.Context(), 1, "tools/call", map[string]any{
			"name": "get_slow", "arguments": map[string]any{"steps": 1}, "_meta": map[string]any{"progressToken": 1},
		}))
		if len(r.notifications) != 1 || r.header.Get("Cache-Control") != "no-store" || r.header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("a stream: %v", r.header)
		}
	}
}
