// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
)

func TestCall(t *testing.T) {
	h := newHarness(t)
	got, err := h.call(t.Context(), alice(t, reads), "get_echo", `{"text":"hello <&>"}`)
	if err != nil || got != `{"text":"hello \u003c\u0026\u003e"}` {
		t.Errorf("got %s, error %v", got, err)
	}
}

func TestProgress(t *testing.T) {
	h := newHarness(t, tool.Set{Tools: []tool.Tool{tool.New(define("report", grant.Read), func(_ context.Context, call tool.Call, _ struct{}) (message, error) {
		call.Progress(1, 2, "half")
		return message{}, nil
	})}})
	if _, err := h.call(t.Context(), alice(t, everything), "report", ``); err != nil {
		t.Errorf("nobody wants progress: got %v", err)
	}
	var got string
	_, err := h.Call(t.Context(), alice(t, everything), gate.Request{Name: "report", Progress: func(done, total float64, text string) { got = fmt.Sprintf("%v of %v: %s", done, total, text) }})
	if err != nil || got != "1 of 2: half" {
		t.Errorf("got progress %q, error %v", got, err)
	}
}

func TestPrompt(t *testing.T) {
	h := newHarness(t)
	c := alice(t, reads)
	got, err := h.Prompt(t.Context(), c, gate.Request{Name: "ask"}, map[string]string{"what": "devices"})
	if err != nil || got.Text != "ask about devices" {
		t.Errorf("got %q, error %v", got.Text, err)
	}
	_, err = h.Prompt(t.Context(), c, gate.Request{Name: "ask"}, nil)
	told.Check(t, err)
	if want := `invalid_argument: the argument "what" is required. Next step: what is what to ask`; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestManyAtOnce is for the race detector, and that no answer is another's.
func TestManyAtOnce(t *testing.T) {
	h := newHarness(t)
	c := alice(t, everything)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			want := fmt.Sprintf(`{"text":"%d"}`, i)
			for _, name := range []string{"get_echo", "set_echo", "create_key"} {
				if out, err := h.call(t.Context(), c, name, want); err != nil || out != want {
					t.Errorf("%s: got %s, error %v; want %s", name, out, err, want)
				}
			}
		})
	}
	wg.Wait()
	if got := len(h.audit.all()); got != 50*3*2 {
		t.Errorf("got %d records, want %d", got, 50*3*2)
	}
}
