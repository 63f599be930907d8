// SPDX-License-Identifier: MIT

package mcpserver

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/testbed/tooltest"
)

// rateLimited wants a refusal by a limit, which bears the id of the request.
func (r reply) rateLimited(t *testing.T, limit string) {
	t.Helper()
	if r.status != 429 || r.header.Get("Retry-After") == "" || r.Error == nil || r.Error.Code != 429 {
		t.Fatalf("status %d %v, %s; want 429 by the limit %q", r.status, r.header, r.body, limit)
	}
	if want := fmt.Sprintf(`"code":"rate_limited","limit":%q`, limit); string(r.ID) != "9" || !strings.Contains(r.body, want) {
		t.Errorf("got %s, want the id 9 and %s", r.body, want)
	}
}

// TestCostlyCallsAreFewer: a tool that costs more than reading counts as several
// calls, for whoever may call it; others go on meanwhile.
func TestCostlyCallsAreFewer(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t, func(o *setup) {
			o.front.Limits = front.Limits{Connections: -1, Calls: 2*tooltest.Weight + 1, Streams: 1, Rate: -1}
		})
		b.grant("alice@example.com", `{"tools":["get_slow","get_echo"]}`)
		b.grant("bob@example.com", `{"tools":["get_slow"]}`)
		alice, args := b.alice(t, revision), map[string]any{"gate": "none", "text": "x"}
		var calls []<-chan outcome
		start := func(c *client, gate string) {
			calls = append(calls, c.start(t.Context(), len(calls), "get_slow", map[string]any{"gate": gate, "text": "x"}))
			b.arrive(t, gate)
		}
		start(alice, "first")
		start(alice, "second")
		alice.do(t, alice.request(t.Context(), 9, "tools/call", map[string]any{"name": "get_slow", "arguments": args})).rateLimited(t, "calls")
		if text, isError := alice.call(t, "get_echo", map[string]any{"text": "light"}); isError {
			t.Errorf("a light call beside the heavy ones got %s", text)
		}
		start(b.bob(t, revision), "third")
		// What is not granted weighs nothing, and is refused for that.
		b.grant("alice@example.com", `{"tools":["get_echo"]}`)
		if text, isError := alice.call(t, "get_slow", args); !isError || !strings.Contains(text, "access_denied") {
			t.Errorf("an ungranted heavy call got %s", text)
		}
		for i, done := range calls {
			b.tools.Open([]string{"first", "second", "third"}[i])
			if text, isError := receive(t, "the answer", done).toolText(t); isError {
				t.Errorf("got %s", text)
			}
		}
		b.unharmed(t)
	})
}

// TestStreamsAreLimited: a subscription over the limit is refused, and no call is.
func TestStreamsAreLimited(t *testing.T) {
	b := newBench(t, func(o *setup) {
		o.front.Limits = front.Limits{Connections: -1, Calls: 2, Streams: 1, Rate: -1}
	})
	b.grant("alice@example.com", `{"tools":["get_echo"]}`)
	alice := b.alice(t, modern)
	alice.listen(t, 1, "tools").next(t, acknowledged, "1")
	params := map[string]any{"notifications": map[string]any{"toolsListChanged": true}}
	alice.do(t, alice.request(t.Context(), 9, "subscriptions/listen", params)).rateLimited(t, "streams")
	b.unharmed(t)
}
