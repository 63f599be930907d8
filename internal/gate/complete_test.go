// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/tool"
)

func TestCompleteResource(t *testing.T) {
	h := newHarness(t)
	for _, tt := range []struct {
		name, entry, prefix string
		want                []string
	}{
		{"the family", `{"resources":["test://thing/{id}"]}`, "o", []string{"one", "only"}},
		{"everything", `{"resources":["*"]}`, "", []string{"one", "only", "two"}},
		{"one of it", `{"resources":["test://thing/two"]}`, "", []string{"two"}},
		{"one of it that has another prefix", `{"resources":["test://thing/two"]}`, "o", []string{}},
		{"one that is not there", `{"resources":["test://thing/three"]}`, "", []string{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, total, err := h.CompleteResource(t.Context(), alice(t, tt.entry), gate.Request{Name: "test://thing/{+id}"}, tt.prefix)
			if err != nil || !slices.Equal(got, tt.want) || total != len(tt.want) {
				t.Errorf("got %q of %d, error %v; want %q", got, total, err, tt.want)
			}
			if got == nil {
				t.Error("got nil, which would be null for the client; want an empty list")
			}
		})
	}
}

// TestCompleteIsBounded, and counts only what the caller may read.
func TestCompleteIsBounded(t *testing.T) {
	ids := make([]string, 250)
	for i := range ids {
		ids[i] = fmt.Sprintf("id %d/é*", i) // each has to be escaped to be one segment
	}
	shared := slices.Clone(ids)
	h := newHarness(t, tool.Set{Resources: []tool.Resource{{
		URI:      "own://x/{id}",
		Read:     func(_ context.Context, id string) (string, error) { return id, nil },
		Complete: func(context.Context, string) ([]string, error) { return shared, nil },
	}}})
	request := gate.Request{Name: "own://x/{id}"}
	got, total, err := h.CompleteResource(t.Context(), alice(t, `{"resources":["*"]}`), request, "")
	if err != nil || len(got) != 100 || total != 250 || got[99] != ids[99] {
		t.Errorf("got %d of %d, error %v; want 100 of 250", len(got), total, err)
	}
	for range 2 {
		got, total, err = h.CompleteResource(t.Context(), alice(t, `{"resources":["own://x/*"]}`), request, "")
		if err != nil || len(got) != 0 || total != 0 {
			t.Errorf("got %q of %d, error %v; want none that has to be escaped so", got, total, err)
		}
	}
	if !slices.Equal(shared, ids) {
		t.Error("the source's own list was changed")
	}
}

func TestCompletePrompt(t *testing.T) {
	h := newHarness(t, tool.Set{Prompts: []tool.Prompt{{
		Name: "failing", Tools: []string{"get_echo"},
		Arguments: []tool.Argument{{Name: "a", Complete: func(context.Context, string) ([]string, error) { return nil, errors.New("inner") }}},
	}}})
	c := alice(t, reads)
	got, total, err := h.CompletePrompt(t.Context(), c, gate.Request{Name: "ask"}, "what", "de")
	if err != nil || !slices.Equal(got, []string{"de!"}) || total != 1 {
		t.Errorf("got %q of %d, error %v", got, total, err)
	}
	got, total, err = h.CompletePrompt(t.Context(), c, gate.Request{Name: "ask"}, "no such argument", "")
	if err != nil || got == nil || len(got) != 0 || total != 0 {
		t.Errorf("got %#v of %d, error %v; want an empty list", got, total, err)
	}
	_, _, err = h.CompletePrompt(t.Context(), c, gate.Request{Name: "failing"}, "a", "")
	if got := code(t, err); got != failure.Internal {
		t.Errorf("got %q (%v), want %s", got, err, failure.Internal)
	}
}
