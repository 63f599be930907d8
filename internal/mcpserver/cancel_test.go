// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/audit"
)

// cancelled sends notifications/cancelled and wants it accepted.
func (c *client) cancelled(t testing.TB, requestID any) {
	t.Helper()
	r := c.do(t, c.request(t.Context(), nil, "notifications/cancelled", map[string]any{"requestId": requestID}))
	if r.status != 202 || r.body != "" {
		t.Errorf("notifications/cancelled: status %d, body %q; want 202 and none", r.status, r.body)
	}
}

func TestCancelOfAnother(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		for _, id := range []any{1, "one", 0, 12345678901234567} {
			b := newBench(t)
			b.grant("alice@example.com", `{"tools":["*"]}`)
			b.grant("bob@example.com", `{"tools":["*"]}`)
			done := b.alice(t, revision).start(t.Context(), id, "get_slow", map[string]any{"gate": "g", "text": "alice's"})
			b.arrive(t, "g")
			for _, era := range []string{legacy, modern} {
				b.bob(t, era).cancelled(t, id) // has acted before it is answered
			}
			b.tools.Open("g")
			if got, isError := receive(t, "alice's answer", done).toolText(t); isError || got != `{"text":"alice's"}` {
				t.Errorf("id %v: alice got %s", id, got)
			}
		}
	})
}

func TestCancelOfOnesOwn(t *testing.T) {
	for _, id := range []any{1, "one", 0, "", 9007199254740993} {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["*"]}`)
		alice := b.alice(t, legacy)
		done := alice.start(t.Context(), id, "get_slow", map[string]any{"gate": "g", "text": "x"})
		b.arrive(t, "g")
		alice.cancelled(t, "another") // none of this name
		b.alice(t, legacy).cancelled(t, id)
		text, isError := receive(t, "the answer", done).toolText(t)
		if !isError || !strings.HasPrefix(text, "cancelled: ") {
			t.Errorf("id %v: answered %q", id, text)
		}
		if got := b.tools.Finished(); !slices.Equal(got, []string{"cancelled: x"}) {
			t.Errorf("id %v: tool ended %q", id, got)
		}
		records := b.audit.Of("get_slow")
		if last := records[len(records)-1]; last.Event != audit.Outcome || last.Code != "cancelled" {
			t.Errorf("id %v: outcome %+v", id, last)
		}
	}
}

// TestCancelDoesNotUndoAChange: a change that has begun runs to its end, and
// who cancelled it is told what came of it rather than that nothing did.
func TestCancelDoesNotUndoAChange(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	alice := b.alice(t, legacy)
	done := alice.start(t.Context(), 1, "set_slow", map[string]any{"gate": "g", "text": "changed"})
	b.arrive(t, "g")
	alice.cancelled(t, 1)
	b.tools.Open("g")
	if text, isError := receive(t, "the answer", done).toolText(t); isError || text != `{"text":"changed"}` {
		t.Errorf("answered %q (error %v), want the result", text, isError)
	}
}

func TestCancelIsAmbiguous(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	alice := b.alice(t, legacy)
	first := alice.start(t.Context(), 1, "get_slow", map[string]any{"gate": "first", "text": "first"})
	second := alice.start(t.Context(), 1, "get_slow", map[string]any{"gate": "second", "text": "second"})
	b.arrive(t, "first")
	b.arrive(t, "second")
	alice.cancelled(t, 1) // which of the two?
	b.tools.Open("first")
	if got, isError := receive(t, "the first answer", first).toolText(t); isError {
		t.Errorf("first: %s", got)
	}
	alice.cancelled(t, 1) // now it is clear
	if got, isError := receive(t, "the second answer", second).toolText(t); !isError {
		t.Errorf("second: %s", got)
	}
}

// TestCancelAcrossEras: in the newer revision there is no such notification on
// HTTP, so whoever sends it there means nothing by it.
func TestCancelAcrossEras(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	for i, eras := range [][2]string{{legacy, modern}, {modern, legacy}, {modern, modern}} {
		gate := strconv.Itoa(i)
		done := b.alice(t, eras[0]).start(t.Context(), 1, "get_slow", map[string]any{"gate": gate, "text": "x"})
		b.arrive(t, gate)
		b.alice(t, eras[1]).cancelled(t, 1)
		b.tools.Open(gate)
		if got, isError := receive(t, "the answer", done).toolText(t); isError {
			t.Errorf("a request of %s cancelled in %s: %s", eras[0], eras[1], got)
		}
	}
}

// TestHangUp: since 2026-07-28 closing the POST cancels a read; in the older
// revisions it means nothing. What changes something is never left half done.
func TestHangUp(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	for _, c := range []struct {
		revision, tool string
		cancels        bool
	}{
		{modern, "get_slow", true},
		{modern, "set_slow", false},
		{legacy, "get_slow", true},
		{legacy, "set_slow", false},
	} {
		t.Run(c.revision+" "+c.tool, func(t *testing.T) {
			// Large enough that writing the answer fails, and not only sending it.
			name := c.revision + c.tool + strings.Repeat("x", 20<<10)
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			done := b.alice(t, c.revision).start(ctx, 1, c.tool, map[string]any{"gate": name, "text": name})
			b.arrive(t, name)
			hangUp()
			if out := receive(t, "the end of the request", done); out.err == nil {
				t.Fatalf("answered after hanging up: %s", out.body)
			}
			want := "cancelled: " + name
			if !c.cancels {
				b.hangUpNoticed(t, "witness of "+name)
				if slices.Contains(b.tools.Finished(), want) {
					t.Fatal("hanging up cancelled the call")
				}
				b.tools.Open(name)
				want = name
			}
			await(t, "the tool to end as "+want, func() bool { return slices.Contains(b.tools.Finished(), want) })
			await(t, "the outcome's record", func() bool {
				records := b.audit.Of(c.tool)
				last := records[len(records)-1]
				return last.Event == audit.Outcome && (last.Code == "") == !c.cancels
			})
			b.audit.Forget()
		})
	}
	b.quiet(t)
	await(t, "nothing to be running", func() bool {
		b.running.mu.Lock()
		defer b.running.mu.Unlock()
		return len(b.running.byID) == 0
	})
	b.unharmed(t)
}

// hangUpNoticed returns once the server has noticed that a later client hung
// up, so it has had the time to notice an earlier one.
func (b *bench) hangUpNoticed(t *testing.T, name string) (after time.Duration) {
	t.Helper()
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	done := b.alice(t, modern).start(ctx, 1, "get_slow", map[string]any{"gate": name, "text": name})
	b.arrive(t, name)
	hangUp()
	start := time.Now()
	await(t, "the witness to be cancelled", func() bool { return slices.Contains(b.tools.Finished(), "cancelled: "+name) })
	after = time.Since(start)
	receive(t, "the end of the witness", done)
	return after
}

// TestHangUpIsNoticedAtOnce takes the best of some, because the machine that
// runs the test may be busy with others.
func TestHangUpIsNoticedAtOnce(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	best := time.Hour
	for i := range 10 {
		if best = min(best, b.hangUpNoticed(t, string(rune('a'+i)))); best < 100*time.Millisecond {
			return
		}
	}
	t.Errorf("a hang-up reaches the tool after %v, want 100ms", best)
}
