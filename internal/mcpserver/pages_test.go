// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"strconv"
	"testing"
)

func TestPagesAreBounded(t *testing.T) {
	var p pages
	texts := map[string]json.RawMessage{"a": json.RawMessage(`{"name":"a"}`)}
	for i := range 3 * mostPages {
		name := strconv.Itoa(i)
		texts[name] = json.RawMessage(name)
		if got, want := string(p.of("tools", []string{"a", name}, texts)), `"tools":[{"name":"a"},`+name+`]}}`; got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if len(p.kept) > mostPages {
			t.Fatalf("%d pages are kept, want %d at most", len(p.kept), mostPages)
		}
	}
	if got := string(p.of("prompts", nil, texts)); got != `"prompts":[]}}` {
		t.Errorf("nothing shown: %s", got)
	}
	if a, ab := string(p.of("tools", []string{"1", "2"}, texts)), string(p.of("tools", []string{"12"}, texts)); a == ab {
		t.Errorf("two lists share the page %s", a)
	}
}

// TestPagesFollowTheDecision: a caller whose grants change sees another list at once,
// and another caller's page is nobody else's.
func TestPagesFollowTheDecision(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		alice, bob := b.alice(t, revision), b.bob(t, revision)
		for range 2 {
			b.grant("alice@example.com", `{"tools":["*"]}`)
			b.grant("bob@example.com", `{"tools":["get_echo"]}`)
			if all, few := len(alice.list(t, "tools/list")), len(bob.list(t, "tools/list")); all < 10 || few != 2 {
				t.Errorf("alice sees %d tools and bob %d", all, few)
			}
			b.grant("alice@example.com")
			if got := alice.list(t, "tools/list"); len(got) != 1 {
				t.Errorf("without a grant alice sees %q", got)
			}
		}
	})
}
