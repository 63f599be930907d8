// SPDX-License-Identifier: MIT

package listing

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tailscale-mcp/internal/tool/catalog"
)

// Whatever there is stands in each of the three, and once.
func TestEverythingIsListed(t *testing.T) {
	all := catalog.Everything("v1")
	var table, text strings.Builder
	if err := errors.Join(Table(&table, all), JSON(&text, all)); err != nil {
		t.Fatal(err)
	}
	var read map[string][]struct {
		Name, Title, Class string
		Scopes             []string
	}
	if err := json.Unmarshal([]byte(text.String()), &read); err != nil {
		t.Fatal(err)
	}
	page := Page(all)
	if len(read["tools"]) != len(all.Tools) || len(read["resources"]) != len(all.Resources) || len(read["prompts"]) != len(all.Prompts) {
		t.Errorf("got %d tools, %d resources and %d prompts as JSON", len(read["tools"]), len(read["resources"]), len(read["prompts"]))
	}
	for i, tool := range all.Tools {
		if got := read["tools"][i]; got.Name != tool.Name || got.Title != tool.Title || got.Class != string(tool.Class) {
			t.Errorf("JSON: got %+v, want %s", got, tool.Name)
		}
		if n := strings.Count(table.String(), "\n"+tool.Name+" "); n != 1 {
			t.Errorf("the table has %s %d times, want once", tool.Name, n)
		}
		if n := strings.Count(page, "\n### `"+tool.Name+"`\n"); n != 1 {
			t.Errorf("the page has %s %d times, want once", tool.Name, n)
		}
	}
	for _, res := range all.Resources {
		if !strings.Contains(table.String(), "\n"+res.URI+" ") || !strings.Contains(page, "\n| `"+res.URI+"` |") {
			t.Errorf("%s is not in the table or not on the page", res.URI)
		}
	}
}

// A cell is one line, and no bar in it ends it.
func TestCell(t *testing.T) {
	if got, want := cell("a |\n  b"), `a \| b`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
