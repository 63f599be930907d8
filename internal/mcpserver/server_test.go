// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

func revisions(t *testing.T, run func(t *testing.T, revision string)) {
	for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", legacy, modern} {
		t.Run(revision, func(t *testing.T) { run(t, revision) })
	}
}

func TestGrantDecidesListAndCall(t *testing.T) {
	revisions(t, func(t *testing.T, revision string) {
		b := newBench(t)
		alice := b.alice(t, revision)

		if got, want := alice.list(t, "tools/list"), []string{"whoami"}; !slices.Equal(got, want) {
			t.Errorf("without a grant: listed %q, want %q", got, want)
		}
		text, isError := alice.call(t, "get_echo", map[string]any{"text": "hello"})
		if !isError || !strings.HasPrefix(text, "access_denied: alice@example.com on alice-laptop") || !strings.Contains(text, `"tag:mcp"`) {
			t.Errorf("without a grant: got %q, want a refusal that names the grant", text)
		}

		b.grant("alice@example.com", `{"tools":["group:beta:read","get_echo"],"resources":["test://fixed"]}`)
		if got, want := alice.list(t, "tools/list"), []string{"get_echo", "get_other", "whoami"}; !slices.Equal(got, want) {
			t.Errorf("with a grant: listed %q, want %q", got, want)
		}
		if text, isError := alice.call(t, "get_echo", map[string]any{"text": "hello"}); isError || text != `{"text":"hello"}` {
			t.Errorf("with a grant: got %q (error %v)", text, isError)
		}
		if got, want := alice.list(t, "resources/list"), []string{"test://fixed"}; !slices.Equal(got, want) {
			t.Errorf("resources: listed %q, want %q", got, want)
		}
		if got := alice.list(t, "resources/templates/list"); len(got) != 0 {
			t.Errorf("templates: listed %q, want none", got)
		}
		if got, want := alice.list(t, "prompts/list"), []string{"ask"}; !slices.Equal(got, want) {
			t.Errorf("prompts: listed %q, want %q", got, want)
		}
		r := alice.do(t, alice.request(t.Context(), 7, "resources/read", map[string]any{"uri": "test://thing/one"}))
		if r.Error == nil || r.Error.Code != 403 || !strings.Contains(r.Error.Message, `"test://thing/one"`) {
			t.Errorf("reading what is not granted: %s", r.body)
		}
		b.grant("alice@example.com")
		if _, isError := alice.call(t, "get_echo", nil); !isError {
			t.Error("a grant that was taken away still allows")
		}
	})
}

func TestUnknownCaller(t *testing.T) {
	b := newBench(t)
	r := b.client(t, "127.0.0.9", legacy)
	if got := r.do(t, r.request(t.Context(), 1, "tools/list", nil)); got.status != 403 {
		t.Errorf("status %d, want 403: %s", got.status, got.body)
	}
}

func TestMalformedGrantRefusesEverything(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`, `{"tools":["*"],"unless":["x"]}`)
	alice := b.alice(t, modern)
	if got := alice.do(t, alice.request(t.Context(), 1, "tools/list", nil)); got.status != 403 || !strings.Contains(got.body, "cannot read in full") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func TestProgressArrivesBeforeTheAnswer(t *testing.T) {
	for _, revision := range []string{legacy, modern} {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		alice := b.alice(t, revision)
		r := alice.do(t, alice.request(t.Context(), "a", "tools/call", map[string]any{
			"name": "get_slow", "arguments": map[string]any{"steps": 50, "text": "x"}, "_meta": map[string]any{"progressToken": 12345678901234567},
		}))
		if len(r.notifications) != 50 {
			t.Errorf("%s: %d notifications, want 50", revision, len(r.notifications))
		}
		for _, n := range r.notifications {
			if !strings.Contains(n, `"progressToken":12345678901234567`) {
				t.Errorf("%s: %s", revision, n)
			}
		}
		if string(r.ID) != `"a"` {
			t.Errorf("%s: answer %s", revision, r.body)
		}
	}
}

func TestExactIDs(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		alice := b.alice(t, revision)
		for _, id := range []string{
			"9007199254740993", "-1", "1.0", "1e3", "-0", "1E400", "12345678901234567890", strings.Repeat("9", 400),
			`"a \"quoted\" id"`, `""`, `"\ud800"`, `"\u0041\u0000"`, `"a\/b"`, `"é"`,
		} {
			r := alice.do(t, alice.request(t.Context(), json.RawMessage(id), "tools/list", nil))
			if string(r.ID) != id || r.Result == nil {
				t.Errorf("id %s answered as %s: %s", id, r.ID, r.body)
			}
			r = alice.do(t, alice.request(t.Context(), json.RawMessage(id), "made/up", nil))
			if string(r.ID) != id || r.Error == nil {
				t.Errorf("id %s refused as %s: %s", id, r.ID, r.body)
			}
		}
	})
}

// TestIDsAreNotContent: what stands in for an id on the way must not be found
// in an answer.
func TestIDsAreNotContent(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	alice := b.alice(t, legacy)
	for _, text := range []string{"number 1.0", "1.0", "id 1.0"} {
		r := alice.do(t, alice.request(t.Context(), json.RawMessage("1.0"), "tools/call", map[string]any{
			"name": "get_echo", "arguments": map[string]any{"text": text},
		}))
		if !strings.Contains(r.body, `"structuredContent":{"text":"`+text+`"}`) {
			t.Errorf("echo of %q: %s", text, r.body)
		}
	}
}

// TestDrainLeavesCalls: a graceful stop ends streams and lets calls finish.
func TestDrainLeavesCalls(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		done := b.alice(t, revision).start(t.Context(), 1, "get_slow", map[string]any{"gate": "g", "text": "x"})
		b.arrive(t, "g")
		b.Drain()
		b.Drain() // twice is once
		b.tools.Open("g")
		if text, isError := receive(t, "the answer", done).toolText(t); isError || text != `{"text":"x"}` {
			t.Errorf("got %s", text)
		}
	})
}

// TestLogMessages: since 2026-07-28 a request says which it wants, and by
// itself none; the level is a string, whatever its type.
func TestLogMessages(t *testing.T) {
	b := newBench(t, func(o *setup) {
		o.Aside = aside(func(m *server.MCPServer) {
			m.AddTool(mcp.NewTool("log"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				for _, level := range []any{"debug", "info", mcp.LoggingLevelError} {
					if err := Notify(ctx, "notifications/message", map[string]any{"level": level, "data": "x"}); err != nil {
						return nil, err
					}
				}
				return mcp.NewToolResultText("done"), nil
			})
		})
	})
	alice := b.alice(t, modern)
	for wanted, want := range map[string]int{"": 0, "debug": 3, "info": 2, "error": 1, "critical": 0} {
		meta := map[string]any{}
		if wanted != "" {
			meta["io.modelcontextprotocol/logLevel"] = wanted
		}
		r := alice.do(t, alice.request(t.Context(), 1, "tools/call", map[string]any{"name": "log", "_meta": meta}))
		if r.Error != nil || len(r.notifications) != want {
			t.Errorf("level %q: got %d messages, want %d: %s", wanted, len(r.notifications), want, r.body)
		}
	}
}

// TestLateNotifications: one that comes after the answer has no stream to go
// to, and must not end up in whatever is next on the connection.
func TestLateNotifications(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		release, sent := make(chan struct{}), make(chan error)
		b := newBench(t, func(o *setup) {
			o.Aside = aside(func(m *server.MCPServer) {
				m.AddTool(mcp.NewTool("late"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
					if r.GetBool("stream", false) {
						_ = Notify(ctx, "notifications/progress", map[string]any{"progressToken": 1, "progress": 1})
					}
					go func() {
						<-release
						sent <- Notify(ctx, "notifications/progress", map[string]any{"progressToken": 1, "progress": 2})
					}()
					return mcp.NewToolResultText("done"), nil
				})
			})
		})
		alice := b.alice(t, revision)
		for _, stream := range []bool{false, true} {
			alice.call(t, "late", map[string]any{"stream": stream})
			release <- struct{}{}
			if err := receive(t, "the late notification", sent); err == nil {
				t.Error("a late notification was sent")
			}
			b.unharmed(t)
			alice.list(t, "tools/list")
		}
	})
}
