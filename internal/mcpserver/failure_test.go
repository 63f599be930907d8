// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/testbed/tooltest"
)

// TestToolFailures: whatever a tool does, its caller gets one answer with a
// fixed code and a next step, and nothing of the inside.
func TestToolFailures(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		alice := b.alice(t, revision)
		for _, c := range []struct {
			tool, code, says string
		}{
			{"get_panic", "internal_error", "journalctl -u tailscale-mcp"},
			{"set_panic", "internal_error", "journalctl -u tailscale-mcp"},
			{"get_error", "internal_error", "journalctl -u tailscale-mcp"},
			{"get_stuck", "timeout", "try again"},
			{"set_stuck", "timeout", "whether the change was made is not known"},
			{"get_large", "result_too_large", "Next step: say less"},
		} {
			t.Run(c.tool, func(t *testing.T) {
				b.audit.Forget()
				r := alice.do(t, alice.request(t.Context(), 1, "tools/call", map[string]any{"name": c.tool, "arguments": map[string]any{}}))
				text, isError := r.toolText(t)
				if r.status != 200 || !isError || !strings.HasPrefix(text, c.code+": ") || !strings.Contains(text, c.says) {
					t.Errorf("status %d, %s", r.status, text)
				}
				if strings.Contains(r.body, tooltest.Secret) || strings.Contains(r.body, "goroutine") {
					t.Errorf("the inside is shown: %s", r.body)
				}
				if strings.Contains(r.body, "structuredContent") {
					t.Errorf("an error with structured content: %s", r.body)
				}
				id := r.header.Get("X-Request-Id")
				if c.code == "internal_error" && (id == "" || !strings.Contains(text, id)) {
					t.Errorf("%q does not name the request %q", text, id)
				}
				if got := b.audit.Records(); len(got) != 2 || got[1].Code != c.code || got[1].RequestID != id || got[1].Duration <= 0 {
					t.Errorf("records %+v", got)
				}
				if c.code == "internal_error" && !strings.Contains(b.log.String(), id) {
					t.Errorf("the log does not name the request %s", id)
				}
			})
		}
		b.unharmed(t)
	})
}

// TestPanicOutsideTools: what is not the dispatcher may fail too.
func TestPanicOutsideTools(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t, func(o *setup) {
			o.Aside = aside(func(m *server.MCPServer) {
				m.AddTool(mcp.NewTool("crash"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					if r.GetBool("stream", false) {
						_ = Notify(ctx, "notifications/progress", map[string]any{"progressToken": 1, "progress": 1})
					}
					panic(tooltest.Secret)
				})
			})
		})
		alice := b.alice(t, revision)
		for _, stream := range []bool{false, true} {
			r := alice.do(t, alice.request(t.Context(), 1, "tools/call", map[string]any{"name": "crash", "arguments": map[string]any{"stream": stream}}))
			if r.Error == nil || r.Error.Code != -32603 || string(r.ID) != "1" || strings.Contains(r.body, tooltest.Secret) || len(r.notifications) == 1 != stream {
				t.Errorf("stream %v: status %d, %q, %s", stream, r.status, r.notifications, r.body)
			}
		}
		b.unharmed(t)
	})
}

// TestAuditFailure: what cannot be recorded is not done, unless it only reads.
func TestAuditFailure(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*","escalating:*"],"resources":["*"]}`)
		alice := b.alice(t, revision)
		b.audit.Fail(errors.New("disk full at /var/log"))
		for _, c := range []struct {
			tool string
			runs bool
		}{{"get_echo", true}, {"set_echo", false}, {"delete_echo", false}, {"create_key", false}} {
			text, isError := alice.call(t, c.tool, map[string]any{"text": "x"})
			if isError == c.runs || isError && !strings.HasPrefix(text, "audit_failed: ") || strings.Contains(text, "/var/log") {
				t.Errorf("%s: %s", c.tool, text)
			}
			if ran := b.tools.Ran()["alice@example.com "+c.tool] > 0; ran != c.runs {
				t.Errorf("%s ran: %v, want %v", c.tool, ran, c.runs)
			}
		}
		if got := alice.list(t, "tools/list"); !slices.Contains(got, "set_echo") {
			t.Errorf("listed %q", got)
		}
		if r := alice.do(t, alice.request(t.Context(), 1, "resources/read", map[string]any{"uri": "test://fixed"})); r.Result == nil {
			t.Errorf("reading a resource: %s", r.body)
		}
		// Who may not is told so, and not that a record is missing.
		b.grant("alice@example.com", `{"tools":["get_echo"]}`)
		if text, _ := alice.call(t, "set_echo", nil); !strings.HasPrefix(text, "access_denied: ") {
			t.Errorf("a refusal: %s", text)
		}
		b.audit.Fail(nil)
		b.unharmed(t)
	})
}

// TestRecords: one record for the decision and one for the outcome, tied
// together and complete.
func TestRecords(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["group:alpha"],"resources":["test://thing/one"]}`)
		alice := b.alice(t, revision)
		arguments := map[string]any{"text": "not for the record"}
		digest, _ := json.Marshal(arguments)
		for _, c := range []struct {
			method, name, class string
			params              map[string]any
			by                  string // "" means refused
			code                string // of the outcome
		}{
			{"tools/call", "get_echo", "read", map[string]any{"name": "get_echo", "arguments": arguments}, "tools: group:alpha", ""},
			{"tools/call", "set_echo", "write", map[string]any{"name": "set_echo", "arguments": arguments}, "tools: group:alpha", ""},
			{"tools/call", "get_panic", "read", map[string]any{"name": "get_panic", "arguments": arguments}, "tools: group:alpha", "internal_error"},
			{"tools/call", "whoami", "read", map[string]any{"name": "whoami"}, "every identified caller", ""},
			{"tools/call", "get_other", "read", map[string]any{"name": "get_other", "arguments": arguments}, "", ""},
			{"tools/call", "create_key", "escalating", map[string]any{"name": "create_key", "arguments": arguments}, "", ""},
			{"resources/read", "test://thing/one", "read", map[string]any{"uri": "test://thing/one"}, "resources: test://thing/one", ""},
			{"resources/read", "test://thing/two", "read", map[string]any{"uri": "test://thing/two"}, "", ""},
			{"prompts/get", "ask", "read", map[string]any{"name": "ask", "arguments": map[string]any{"what": "x"}}, "", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				b.audit.Forget()
				r := alice.do(t, alice.request(t.Context(), 1, c.method, c.params))
				records := b.audit.Records()
				if want := 1 + min(1, len(c.by)); len(records) != want {
					t.Fatalf("%d records, want %d: %+v", len(records), want, records)
				}
				for i, got := range records {
					if got.Event != []audit.Event{audit.Decision, audit.Outcome}[i] || got.RequestID != r.header.Get("X-Request-Id") ||
						got.Login != "alice@example.com" || got.Node != "alice-laptop" || got.NodeID != "nalice@example.com" ||
						got.Addr.Addr().String() != "127.0.0.2" || got.Time.IsZero() ||
						got.Method != c.method || got.Name != c.name || got.Class != c.class ||
						got.Allowed != (c.by != "") || got.By != c.by || (got.Reason != "") == (c.by != "" && (i == 0 || c.code == "")) {
						t.Errorf("record %d: %+v", i+1, got)
					}
					wantClient := map[string]string{legacy: "Go-http-client 1.1", modern: "bench 1"}[revision]
					if client := got.ClientName + " " + got.ClientVersion; client != wantClient {
						t.Errorf("client %q, want %q", client, wantClient)
					}
					if c.params["arguments"] != nil && c.method == "tools/call" && got.Arguments != audit.Digest(digest) {
						t.Errorf("digest of arguments %q", got.Arguments)
					}
				}
				if c.by != "" && (records[1].Code != c.code || records[1].Duration <= 0) {
					t.Errorf("outcome %+v", records[1])
				}
				if all, _ := json.Marshal(records); strings.Contains(string(all), "not for the record") {
					t.Errorf("arguments are recorded: %s", all)
				}
			})
		}
	})
}
