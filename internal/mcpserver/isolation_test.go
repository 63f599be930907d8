// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Two callers, alice and bob, at one server, and nothing of one reaches the
// other. Ids, tokens and names are the same on both sides wherever they can be,
// since that is how they would be mixed up.

func bothEras(t *testing.T, run func(t *testing.T, revision string)) {
	for _, revision := range []string{legacy, modern} {
		t.Run(revision, func(t *testing.T) { run(t, revision) })
	}
}

func TestListsAreTheCallersOwn(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["get_echo","get_other"],"resources":["test://fixed"]}`)
		b.grant("bob@example.com", `{"tools":["set_echo"],"resources":["test://thing"]}`)
		alice, bob := b.alice(t, revision), b.bob(t, revision)
		shown := []struct {
			c      *client
			method string
			want   []string
		}{
			{alice, "tools/list", []string{"get_echo", "get_other", "whoami"}},
			{alice, "resources/list", []string{"test://fixed"}},
			{alice, "resources/templates/list", []string{}},
			{alice, "prompts/list", []string{"ask"}},
			{bob, "tools/list", []string{"set_echo", "whoami"}},
			{bob, "resources/list", []string{}},
			{bob, "resources/templates/list", []string{"test://thing/{id}"}},
			{bob, "prompts/list", []string{}},
		}
		var wg sync.WaitGroup
		for range 10 {
			for _, s := range shown {
				wg.Go(func() {
					if got := s.c.list(t, s.method); !slices.Equal(got, s.want) {
						t.Errorf("%s lists %q, want %q", s.method, got, s.want)
					}
				})
			}
		}
		wg.Wait()
	})
}

func TestAnswersAndProgressStayApart(t *testing.T) {
	const calls, steps = 100, 10
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		b.grant("bob@example.com", `{"tools":["*"]}`)
		var wg sync.WaitGroup
		for who, c := range map[string]*client{"alice": b.alice(t, revision), "bob": b.bob(t, revision)} {
			for i := range calls {
				wg.Go(func() {
					text := fmt.Sprintf("%s-%d", who, i)
					r, err := c.try(c.request(t.Context(), i, "tools/call", map[string]any{
						"name": "get_slow", "arguments": map[string]any{"steps": steps, "text": text}, "_meta": map[string]any{"progressToken": i},
					}))
					if err != nil {
						t.Errorf("%s: %v", text, err)
						return
					}
					if string(r.ID) != fmt.Sprint(i) || !strings.Contains(r.body, `"structuredContent":{"text":"`+text+`"}`) {
						t.Errorf("%s got the answer %s", text, r.body)
					}
					checkProgress(t, r, i, steps, text)
				})
			}
		}
		wg.Wait()
	})
}

// checkProgress wants every report once, in order, and no other's.
func checkProgress(t *testing.T, r reply, token, steps int, text string) {
	t.Helper()
	if len(r.notifications) != steps {
		t.Errorf("%s got %d notifications, want %d", text, len(r.notifications), steps)
	}
	for i, n := range r.notifications {
		var m struct {
			Params struct {
				ProgressToken, Progress, Total int
				Message                        string
			}
		}
		if err := json.Unmarshal([]byte(n), &m); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if p := m.Params; p.ProgressToken != token || p.Progress != i+1 || p.Total != steps || p.Message != text {
			t.Errorf("%s: notification %d is %s", text, i+1, n)
		}
	}
}

func TestSameIDAtOnce(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		one, other := b.alice(t, revision), b.alice(t, revision)
		first := one.start(t.Context(), 7, "get_slow", map[string]any{"gate": "first", "text": "first"})
		b.arrive(t, "first")
		second := other.start(t.Context(), 7, "get_slow", map[string]any{"gate": "second", "text": "second"})
		b.arrive(t, "second")
		b.tools.Open("second")
		if got, _ := receive(t, "the second answer", second).toolText(t); got != `{"text":"second"}` {
			t.Errorf("the second program got %s", got)
		}
		// The end of one must not end, or unlist, the other.
		b.tools.Open("first")
		if got, _ := receive(t, "the first answer", first).toolText(t); got != `{"text":"first"}` {
			t.Errorf("the first program got %s", got)
		}
	})
}

func TestCursorOfAnother(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		b.grant("bob@example.com", `{"tools":["*"]}`)
		page := func(c *client, cursor string) (things []string, next, text string) {
			arguments := map[string]any{"limit": 6}
			if cursor != "" {
				arguments["cursor"] = cursor
			}
			text, _ = c.call(t, "list_things", arguments)
			var out struct {
				Things     []string
				NextCursor string
			}
			_ = json.Unmarshal([]byte(text), &out)
			return out.Things, out.NextCursor, text
		}
		alice, bob := b.alice(t, revision), b.bob(t, revision)
		_, cursor, _ := page(alice, "")
		if cursor == "" {
			t.Fatal("the first page has no cursor")
		}
		if _, _, text := page(bob, cursor); !strings.HasPrefix(text, "invalid_argument: this cursor does not belong to this list") {
			t.Errorf("bob with alice's cursor got %s", text)
		}
		if got, _, _ := page(alice, cursor); len(got) != 4 || got[0] != "thing-6" {
			t.Errorf("alice's second page is %q", got)
		}
	})
}

// TestSessionIDsMeanNothing: no session exists, so an id that somebody guessed
// or remembers selects nothing and ends nothing.
func TestSessionIDsMeanNothing(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		b.grant("bob@example.com", `{"tools":["get_other"]}`)
		alice, bob := b.alice(t, revision), b.bob(t, revision)
		call := alice.request(t.Context(), 1, "tools/call", map[string]any{
			"name": "get_slow", "arguments": map[string]any{"gate": "g", "text": "alice's"},
		})
		call.Header.Set("Mcp-Session-Id", "mcp-session-0")
		done := make(chan outcome, 1)
		go func() {
			out, err := alice.try(call)
			done <- outcome{out, err}
		}()
		b.arrive(t, "g")

		for _, id := range []string{"mcp-session-0", "mcp-session-9c1ce9a9-1c42-4be4-8d2d-b1e2c6b0a6a1", "", "not an id"} {
			for _, method := range []string{http.MethodGet, http.MethodDelete} {
				r := bob.raw(t.Context(), "")
				r.Method, r.Body, r.ContentLength = method, nil, 0
				r.Header.Set("Mcp-Session-Id", id)
				r.Header.Set("Last-Event-Id", "1")
				if got := bob.do(t, r); got.status != 405 || got.header.Get("Allow") != "POST" {
					t.Errorf("%s with session %q: status %d, Allow %q; want 405 and POST", method, id, got.status, got.header.Get("Allow"))
				}
			}
			r := bob.request(t.Context(), 1, "tools/list", nil)
			r.Header.Set("Mcp-Session-Id", id)
			got := bob.do(t, r)
			if got.status != 200 || !strings.Contains(got.body, "get_other") || strings.Contains(got.body, "get_slow") {
				t.Errorf("POST with session %q: status %d, %s", id, got.status, got.body)
			}
			if back := got.header.Get("Mcp-Session-Id"); back != "" {
				t.Errorf("POST with session %q: answered with session %q", id, back)
			}
			answer := bob.raw(t.Context(), `{"jsonrpc":"2.0","id":1,"result":{}}`)
			answer.Header.Set("Mcp-Session-Id", id)
			if got := bob.do(t, answer); got.status != 400 {
				t.Errorf("posting a response with session %q: status %d, want 400", id, got.status)
			}
		}
		b.tools.Open("g")
		if got, _ := receive(t, "alice's answer", done).toolText(t); got != `{"text":"alice's"}` {
			t.Errorf("alice got %s", got)
		}
	})
}

func TestInitializeIssuesNoSession(t *testing.T) {
	b := newBench(t)
	for _, revision := range []string{"2024-11-05", "2025-03-26", "2025-06-18", legacy, modern, "2030-01-01", ""} {
		c := b.alice(t, legacy)
		r := c.request(t.Context(), 1, "initialize", map[string]any{
			"protocolVersion": revision, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "x", "version": "1"},
		})
		r.Header.Del("MCP-Protocol-Version")
		got := c.do(t, r)
		if got.header.Get("Mcp-Session-Id") != "" || got.Result == nil {
			t.Errorf("initialize %q: %v %s", revision, got.header, got.body)
		}
		// The standing GET stream is where the older revisions would hear of it.
		if strings.Contains(got.body, `"listChanged":true`) || strings.Contains(got.body, `"subscribe":true`) {
			t.Errorf("initialize %q promises what it cannot keep: %s", revision, got.body)
		}
	}
}
