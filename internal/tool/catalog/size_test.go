// SPDX-License-Identifier: MIT

package catalog

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/mcpserver/catalogue"
	"tailscale-mcp/internal/tool"
)

// usual are the groups that most administrators need.
var usual = []string{"devices", "dns", "keys", "local", "logs", "policy", "settings", "users"}

// TestListSize: a model reads the list of tools before its first question. Clients pass
// on name, description and the schema of the arguments; the wire has the rest besides.
func TestListSize(t *testing.T) {
	offered := New(Options{Ceiling: grant.Classes(), API: newRig(t, setup{}).api}).Of("")
	var names []string
	for _, v := range offered.Tools() {
		names = append(names, v.Name)
	}
	is := func(v tool.Tool) bool { return slices.Contains(usual, v.Group) }
	for _, c := range []struct {
		what      string
		got, most int
	}{
		{"all tools", visibleBytes(t, func(tool.Tool) bool { return true }), 44_000},
		{"the usual groups", visibleBytes(t, is), 28_000},
		{"the reads among them", visibleBytes(t, func(v tool.Tool) bool { return is(v) && v.Class == grant.Read }), 12_000},
		{"all tools on the wire", len(catalogue.New(offered).Page(catalogue.Tools, names, false)), 85_000},
	} {
		t.Logf("%s: %d bytes of %d", c.what, c.got, c.most)
		if c.got > c.most {
			t.Errorf("%s take %d bytes, want %d at most", c.what, c.got, c.most)
		}
	}
}

// visibleBytes is what a model sees of these tools.
func visibleBytes(t *testing.T, counts func(tool.Tool) bool) (n int) {
	t.Helper()
	for _, v := range Everything("1.2.3").Tools {
		if !counts(v) {
			continue
		}
		var schema bytes.Buffer
		e := json.NewEncoder(&schema)
		e.SetEscapeHTML(false)
		if err := e.Encode(asMap(t, v.Input)); err != nil {
			t.Fatal(err)
		}
		n += len(v.Name) + len(v.Description) + schema.Len() - len("\n")
	}
	return n
}

// Where a caller can choose fields, the schema says which there are.
func TestFieldsAreListed(t *testing.T) {
	for _, v := range Everything("1.2.3").Tools {
		fields := v.Input.Properties["fields"]
		if fields != nil && (fields.Items == nil || !slices.Contains(fields.Items.Enum, any("all"))) {
			t.Errorf("%s does not say which fields there are: Fields of its definition", v.Name)
		}
	}
}
