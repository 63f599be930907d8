// SPDX-License-Identifier: MIT

package mcpserver

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
)

// What must be refused, with which HTTP status and which JSON-RPC error, and
// the id that the refusal bears: the request's own as soon as it can be read.

const plain = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

// abused sends one request of an older revision and changes what a case says:
// a header of "-" is left out.
func (c *client) abused(t *testing.T, method string, headers map[string]string, body string) reply {
	t.Helper()
	r := c.raw(t.Context(), body)
	r.Method = method
	for name, value := range headers {
		switch {
		case name == "Host":
			r.Host = value
		case value == "-":
			r.Header.Del(name)
		default:
			r.Header.Set(name, value)
		}
	}
	return c.do(t, r)
}

// refused checks status, code and id of a refusal.
func (r reply) refused(t *testing.T, status, code int, id string) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	if r.Error == nil || r.Error.Code != code || r.Error.Message == "" {
		t.Errorf("want the error %d and its message: %s", code, r.body)
	}
	if string(r.ID) != id {
		t.Errorf("answered as id %s, want %s: %s", r.ID, id, r.body)
	}
	if got := r.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	for _, name := range []string{"Access-Control-Allow-Origin", "Mcp-Session-Id"} {
		if got := r.header.Get(name); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// unharmed wants a normal call to work, and nothing to be kept of those before.
func (b *bench) unharmed(t testing.TB) {
	t.Helper()
	if b.running.mu.Lock(); len(b.running.byID) != 0 {
		t.Errorf("requests that ended are still listed: %v", b.running.byID)
	}
	b.running.mu.Unlock()
	b.grant("alice@example.com", `{"tools":["get_echo"]}`)
	for _, revision := range []string{legacy, modern} {
		if text, isError := b.alice(t, revision).call(t, "get_echo", map[string]any{"text": "well"}); isError || text != `{"text":"well"}` {
			t.Errorf("afterwards a normal call gets %q", text)
		}
	}
}

// quiet wants nothing logged: what clients do wrong is no trouble of the
// server's, and must not be a way to fill its log.
func (b *bench) quiet(t testing.TB) {
	t.Helper()
	if got := b.log.String(); got != "" {
		t.Errorf("logged:\n%s", got)
	}
}

// refusals wants n records, each of a refusal with its reason and by whom.
func (b *bench) refusals(t testing.TB, n int, by func(audit.Record) bool) {
	t.Helper()
	await(t, fmt.Sprintf("%d records", n), func() bool { return len(b.audit.Records()) >= n })
	for i, r := range b.audit.Records() {
		if i >= n || r.Allowed || r.Event != audit.Decision || r.Reason == "" || len(r.Reason) > 600 || r.RequestID == "" || !by(r) {
			t.Errorf("record %d of %d: got %+v, want a refusal", i+1, n, r)
		}
	}
}

func TestHeadersRefused(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, legacy)
	cases := []struct {
		name   string
		method string
		header string // "Name: value", several separated by |
		status int
	}{
		{"GET", "GET", "", 405},
		{"HEAD", "HEAD", "", 405},
		{"PUT", "PUT", "", 405},
		{"PATCH", "PATCH", "", 405},
		{"DELETE", "DELETE", "", 405},
		{"OPTIONS", "OPTIONS", "", 405},
		{"TRACE", "TRACE", "", 405},
		{"made-up method", "MCP", "", 405},
		{"method in lower case", "post", "", 405},
		{"CORS preflight", "OPTIONS", "Origin: http://evil.example|Access-Control-Request-Method: POST", 403},

		{"Host of another", "POST", "Host: evil.example", 403},
		{"Host of another with our port", "POST", "Host: evil.example:8080", 403},
		{"Host with our name in front", "POST", "Host: mcp.example.ts.net.evil.example", 403},
		{"Host with our name behind", "POST", "Host: evil-mcp.example.ts.net", 403},
		{"Host with our name as user", "POST", "Host: mcp.example.ts.net@evil.example", 403},
		{"Host with our name as user and port", "POST", "Host: mcp.example.ts.net:80@evil.example", 403},
		{"Host with another as port", "POST", "Host: 127.0.0.1:80@evil.example", 403},
		{"Host with words for a port", "POST", "Host: 127.0.0.1:http", 403},
		{"Host with two ports", "POST", "Host: 127.0.0.1:80:80", 403},
		{"Host localhost, which is not in the list", "POST", "Host: localhost", 403},
		{"Host with any address", "POST", "Host: 0.0.0.0", 403},
		{"Host with an address in decimal", "POST", "Host: 2130706433", 403},
		{"Host with a name in brackets", "POST", "Host: [mcp.example.ts.net]", 403},
		{"Host with brackets in brackets", "POST", "Host: [[fd7a:115c:a1e0::1]]", 403},
		{"Host IPv6 without brackets", "POST", "Host: fd7a:115c:a1e0::1", 403},
		{"Host IPv6 of another", "POST", "Host: [fd7a:115c:a1e0::2]:8080", 403},
		{"Host with two dots behind", "POST", "Host: mcp.example.ts.net..", 403},
		{"Host a dot", "POST", "Host: .", 403},
		{"Host only a port", "POST", "Host: :8080", 403},

		{"Origin of another", "POST", "Origin: http://evil.example", 403},
		{"Origin null", "POST", "Origin: null", 403},
		{"Origin of another port", "POST", "Origin: http://mcp.example.ts.net:3000|Host: mcp.example.ts.net:8080", 403},
		{"Origin with our name in front", "POST", "Origin: http://mcp.example.ts.net.evil.example|Host: mcp.example.ts.net", 403},
		{"Origin with our name as user", "POST", "Origin: http://mcp.example.ts.net@evil.example|Host: mcp.example.ts.net", 403},
		{"Origin with a path", "POST", "Origin: http://mcp.example.ts.net/|Host: mcp.example.ts.net", 403},
		{"Origin with a user", "POST", "Origin: http://x@mcp.example.ts.net|Host: mcp.example.ts.net", 403},
		{"Origin of another scheme", "POST", "Origin: file://mcp.example.ts.net|Host: mcp.example.ts.net", 403},
		{"Origin of an extension", "POST", "Origin: chrome-extension://abcdef", 403},
		{"two Origins in one", "POST", "Origin: http://mcp.example.ts.net http://evil.example|Host: mcp.example.ts.net", 403},
		{"our Origin through a foreign name", "POST", "Origin: http://evil.example|Host: evil.example", 403},
		{"cross-site POST of a browser", "POST", "Sec-Fetch-Site: cross-site", 403},
		{"same-site POST of a browser", "POST", "Sec-Fetch-Site: same-site", 403},
		{"cross-site with our Origin", "POST", "Sec-Fetch-Site: cross-site|Origin: http://mcp.example.ts.net|Host: mcp.example.ts.net", 403},
		{"cross-site form", "POST", "Sec-Fetch-Site: cross-site|Origin: null|Content-Type: text/plain", 403},

		{"Accept JSON only", "POST", "Accept: application/json", 406},
		{"Accept events only", "POST", "Accept: text/event-stream", 406},
		{"Accept something else", "POST", "Accept: text/html, image/*", 406},
		{"Accept refusing events", "POST", "Accept: application/json, text/event-stream;q=0", 406},
		{"Accept refusing with many zeros", "POST", "Accept: application/json;q=0.000, text/event-stream", 406},
		{"Accept of nonsense", "POST", "Accept: ;;;", 406},

		{"no Content-Type", "POST", "Content-Type: -", 415},
		{"text/plain, which a page may send", "POST", "Content-Type: text/plain", 415},
		{"a form, which a page may send", "POST", "Content-Type: application/x-www-form-urlencoded", 415},
		{"a multipart form, which a page may send", "POST", "Content-Type: multipart/form-data; boundary=x", 415},
		{"text/plain that says JSON", "POST", "Content-Type: text/plain; application/json", 415},
		{"JSON by another name", "POST", "Content-Type: application/json-rpc", 415},
		{"two Content-Types in one", "POST", "Content-Type: application/json, text/plain", 415},
		{"gzip", "POST", "Content-Encoding: gzip", 415},
		{"gzip inside", "POST", "Content-Encoding: identity, gzip", 415},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			headers := map[string]string{}
			for line := range strings.SplitSeq(c.header, "|") {
				if name, value, ok := strings.Cut(line, ": "); ok {
					headers[name] = value
				}
			}
			r := alice.abused(t, c.method, headers, plain)
			if c.method == http.MethodHead {
				if r.status != c.status {
					t.Errorf("status %d, want %d", r.status, c.status)
				}
			} else {
				r.refused(t, c.status, c.status, "null") // refused unread
			}
			if c.status == 405 && r.header.Get("Allow") != "POST" {
				t.Errorf("Allow: %q, want POST", r.header.Get("Allow"))
			}
		})
	}
	b.refusals(t, len(cases), func(r audit.Record) bool { return r.Addr.IsValid() })
	b.quiet(t)
	b.unharmed(t)
}

func TestHeadersAdmitted(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, legacy)
	for _, headers := range []map[string]string{
		{"Host": "mcp.example.ts.net"},
		{"Host": "mcp.example.ts.net:8080"},
		{"Host": "mcp.example.ts.net.:8080"},
		{"Host": "MCP.Example.TS.net"},
		{"Host": "127.0.0.1:1"},
		{"Host": "[fd7a:115c:a1e0::1]:8080"},
		{"Host": "[fd7a:115c:a1e0::1]"},
		{"Host": "[FD7A:115C:A1E0:0:0:0:0:1]:8080"},
		{"Host": "mcp.example.ts.net:8080", "Origin": "http://mcp.example.ts.net:8080", "Sec-Fetch-Site": "same-origin"},
		{"Host": "mcp.example.ts.net", "Origin": "https://mcp.example.ts.net"},
		{"Sec-Fetch-Site": "none"},
		{"Accept": "-"},
		{"Accept": "*/*"},
		{"Accept": "text/event-stream;q=0.1,application/json"},
		{"Accept": "TEXT/EVENT-STREAM, Application/JSON; charset=utf-8"},
		{"Accept": "text/*, application/*"},
		{"Content-Type": "application/json; charset=utf-8"},
		{"Content-Type": "Application/JSON"},
		{"Content-Encoding": "identity"},
		{"MCP-Protocol-Version": "-"},
		{"MCP-Protocol-Version": "2024-11-05"},
		{"Last-Event-Id": "7", "Mcp-Session-Id": "x"},
	} {
		if r := alice.abused(t, "POST", headers, plain); r.status != 200 || r.Result == nil {
			t.Errorf("%v: status %d, %s", headers, r.status, r.body)
		}
	}
}

// TestProtocolVersionRefused: an older client whose header names a revision
// that does not exist learns which ones do.
func TestProtocolVersionRefused(t *testing.T) {
	b := newBench(t)
	alice := b.alice(t, legacy)
	for _, version := range []string{"1999-01-01", "1.0", "2025-11-26", "2025-11-25 ", "latest"} {
		r := alice.abused(t, "POST", map[string]string{"MCP-Protocol-Version": version}, plain)
		if version == "2025-11-25 " { // white space around a value is not part of it
			if r.status != 200 {
				t.Errorf("%q: status %d", version, r.status)
			}
			continue
		}
		t.Run(version, func(t *testing.T) {
			code := -32022
			if version == "latest" { // sorts behind 2026-07-28, so it is held to that
				code = -32602
			}
			r.refused(t, 400, code, "1")
			if code == -32022 && !strings.Contains(string(r.Error.Data), legacy) {
				t.Errorf("data %s does not name %s", r.Error.Data, legacy)
			}
		})
	}
	if r := alice.abused(t, "POST", map[string]string{"MCP-Protocol-Version": "1999-01-01"}, `{"jsonrpc":"2.0","method":"notifications/initialized"}`); r.status != 400 {
		t.Errorf("a notification: status %d, want 400", r.status)
	}
}

// TestNotificationsAreAccepted: 202 and no body, whatever they are, and none of
// them does what a request would.
func TestNotificationsAreAccepted(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		alice := b.alice(t, revision)
		for method, params := range map[string]map[string]any{
			"notifications/initialized":        nil,
			"notifications/cancelled":          {"requestId": 1},
			"notifications/progress":           {"progressToken": 1, "progress": 1},
			"notifications/roots/list_changed": nil,
			"notifications/made/up":            {"x": 1},
			"tools/call":                       {"name": "set_echo", "arguments": map[string]any{"text": "x"}},
			"initialize":                       nil,
			"made/up":                          nil,
		} {
			if r := alice.do(t, alice.request(t.Context(), nil, method, params)); r.status != 202 || r.body != "" {
				t.Errorf("%s: status %d, body %q", method, r.status, r.body)
			}
		}
		for _, params := range []string{`{}`, `{"requestId":null}`, `{"requestId":{}}`, `{"requestId":[1]}`, `null`} {
			r := alice.raw(t.Context(), fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":%s}`, params))
			if got := alice.do(t, r); got.status != 202 {
				t.Errorf("cancelled with %s: status %d, %s", params, got.status, got.body)
			}
		}
		if got := b.tools.Ran(); len(got) != 0 {
			t.Errorf("tools ran: %v", got)
		}
		b.unharmed(t)
	})
}
