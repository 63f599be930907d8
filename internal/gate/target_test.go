// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/tool"
)

// Both records of a change name what it touches, also of one that did not begin.
func TestRecordsNameTheTarget(t *testing.T) {
	for name, gone := range map[string]bool{"made": false, "not begun": true} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, tool.Set{})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if gone {
				cancel()
			}
			_, err := h.Call(ctx, alice(t, everything), gate.Request{ID: "r1", Method: "tools/call", Name: "set_echo", Arguments: []byte(`{"text":"x"}`)})
			if (err != nil) != gone {
				t.Errorf("got %v", err)
			}
			records := h.audit.all()
			if len(records) != 2 {
				t.Fatalf("got %d records, want the decision and the outcome", len(records))
			}
			for _, r := range records {
				if r.Target != "alpha" || r.Arguments == "" {
					t.Errorf("got %+v, want the target and the digest of the arguments", r)
				}
			}
		})
	}
}
