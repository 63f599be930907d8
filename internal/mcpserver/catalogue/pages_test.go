// SPDX-License-Identifier: MIT

package catalogue

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
