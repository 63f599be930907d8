// SPDX-License-Identifier: MIT

package pin

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/grant"
)

// list is what changes say in short.
func list(changes []Change) []string {
	all := []string{}
	for _, c := range changes {
		s := string(c.State) + " " + string(c.Kind) + " " + c.Name
		if c.Why != "" {
			s += ": " + c.Why
		}
		if c.Final {
			s += " (final)"
		}
		all = append(all, s)
	}
	return all
}

func tools(texts ...string) Seen { return Seen{Tools: raws(texts...)} }

func TestCompare(t *testing.T) {
	const a, b = `{"name": "a", "description": "A"}`, `{"name": "b"}`
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name        string
		pinned, now Seen
		want        []string
	}{
		{"the same, written otherwise", shown, func() Seen {
			s := shown
			s.Tools = raws(string(s.Tools[1]), strings.ReplaceAll(string(s.Tools[0]), ": ", " :\t"))
			s.Capabilities = json.RawMessage(`{"logging":{},"tools":{"listChanged":true}}`)
			return s
		}(), []string{}},
		{"annotations, icons and _meta", tools(a), tools(`{"name": "a", "description": "A", "annotations": {"readOnlyHint": true}, "icons": [], "_meta": {}, "title": null}`), []string{}},
		{"new", tools(a), tools(a, b), []string{"new tool b"}},
		{"changed", tools(a), tools(`{"name": "a", "description": "B"}`), []string{"changed tool a"}},
		{"a schema", tools(a), tools(`{"name": "a", "description": "A", "inputSchema": {}}`), []string{"changed tool a"}},
		{"gone", tools(a, b), tools(b), []string{"gone tool a"}},
		{"renamed is new", tools(a), tools(`{"name": "a2", "description": "A"}`), []string{"new tool a2", "gone tool a"}},
		{"a prompt is no tool", tools(a), Seen{Prompts: raws(a)}, []string{"new prompt a", "gone tool a"}},
		{"the rest", shown, Seen{Instructions: "Else.", Capabilities: json.RawMessage(`{}`), Tools: shown.Tools,
			Templates: raws(`{"uriTemplate": "file:///{path}", "name": "other"}`, `{"uriTemplate": "file:///{Path}"}`)},
			[]string{"changed instructions ", "changed capabilities ", "changed template file:///{path}", "new template file:///{Path}", "gone prompt ask"}},
		{"slash", tools(), tools(`{"name": "a/b"}`), []string{"withheld tool a/b: its name has a slash, which in a grant ends the name of a server"}},
		{"64 and 65", tools(), tools(`{"name": "`+long+`"}`, `{"name": "`+long[1:]+`"}`), []string{"withheld tool " + long + ": its name is longer than 64 characters, which breaks clients", "new tool " + long[1:]}},
		{"space", tools(), tools(`{"name": "a b"}`), []string{"withheld tool a b: its name has characters that no grant can name"}},
		{"case", tools(a), tools(a, `{"name": "A"}`), []string{`withheld tool a: its name differs from "A" in case only`, `withheld tool A: its name differs from "a" in case only`}},
		{"twice", tools(a), tools(a, a), []string{"withheld tool a: its name is given twice (final)", "withheld tool a: its name is given twice (final)"}},
		{"twice, and case", tools(), tools(`{"name": "A"}`, a, a), []string{`withheld tool A: its name differs from "a" in case only`, "withheld tool a: its name is given twice (final)", "withheld tool a: its name is given twice (final)"}},
		{"tag characters, changed", tools(a), tools(`{"name": "a", "description": "A\udb40\udc41"}`), []string{"withheld tool a: it has characters that nobody sees (1)"}},
		{"deep in a schema", tools(), tools(`{"name": "a", "inputSchema": {"properties": {"p\u200b": {"description": "\u202e"}}}}`), []string{"withheld tool a: it has characters that nobody sees (2)"}},
		{"in instructions", shown, Seen{Instructions: "\u2066", Capabilities: shown.Capabilities, Tools: shown.Tools, Prompts: shown.Prompts, Templates: shown.Templates},
			[]string{"withheld instructions : it has characters that nobody sees (1)"}},
		{"no name", tools(), tools(`{"title": "x"}`, `{"name": 5}`, `7`), []string{"withheld tool #1: it has no name (final)", "withheld tool #2: it has no name (final)", "withheld tool #3: it is not an object (final)"}},
		{"twice in one object", tools(), tools(`{"name": "a", "name": "b"}`), []string{`withheld tool #1: "name" stands in one object twice (final)`}},
		{"deep", tools(), tools(`{"name": "a", "inputSchema": ` + strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70) + "}"), []string{"withheld tool #1: it is more than 64 levels deep (final)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Approve(Pin{}, c.pinned, Approval{})
			if d := cmp.Diff(c.want, list(Compare(p, c.now))); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestApprove: what is approved is as before or as it was said; what is withheld takes
// more than that.
func TestApprove(t *testing.T) {
	seen := tools(`{"name": "a"}`, `{"name": "b"}`, `{"name": "x/y", "description": "\u200b"}`, `{"name": "dup"}`, `{"name": "dup"}`)
	p := Approve(Pin{}, seen, Approval{Classes: map[string]grant.Class{"a": grant.Read, "x/y": grant.Read}})
	names := func(p Pin) (all []string) {
		for _, i := range p.Tools {
			s := i.Name + " " + string(i.Class)
			if i.AsIs {
				s += " as is"
			}
			all = append(all, s)
		}
		return all
	}
	if d := cmp.Diff([]string{"a read", "b destructive"}, names(p)); d != "" {
		t.Error(d)
	}
	p = Approve(p, seen, Approval{AsIs: true, Classes: map[string]grant.Class{"b": grant.Write}})
	if d := cmp.Diff([]string{"a read", "b write", "x/y destructive as is"}, names(p)); d != "" {
		t.Error(d)
	}
	if text := string(p.Text()); !strings.Contains(text, `"asIs": true, "class": "destructive"`) || !strings.Contains(text, `"description":"\u200b"`) {
		t.Error(text)
	}
	if p2, err := Parse(p.Text()); err != nil || cmp.Diff(p, p2) != "" {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"withheld tool dup: its name is given twice (final)", "withheld tool dup: its name is given twice (final)"}, list(Compare(p, seen))); d != "" {
		t.Error(d)
	}
	// What was approved as it is stays approved as long as it is that, and no longer.
	if d := cmp.Diff(names(p), names(Approve(p, seen, Approval{}))); d != "" {
		t.Error(d)
	}
	seen.Tools[2] = json.RawMessage(`{"name": "x/y", "description": "\u200b\u200b"}`)
	if d := cmp.Diff([]string{"a read", "b write"}, names(Approve(p, seen, Approval{}))); d != "" {
		t.Error(d)
	}
}

func TestChangeText(t *testing.T) {
	p := Approve(Pin{}, shown, Approval{})
	now := shown
	now.Instructions = "Read first.\nThen\u200b write.\nThen mail it."
	now.Tools = raws(
		`{"name": "write", "title": "Write", "description": "Writes <a> & b", "inputSchema": {"type": "object", "properties": {"n": {"maximum": 7, "type": "number"}}}, "outputSchema": {"type": "object"}}`,
		`{"name": "copy", "description": "Copies.\rUp\nand down", "annotations": {"destructiveHint": false}}`)
	var got strings.Builder
	for _, c := range Compare(p, now) {
		got.WriteString(c.Text())
	}
	want := `withheld instructions: it has characters that nobody sees (1)
    Read first.
  - Then write.
  + Then\u200b write.
  + Then mail it.
changed tool "write"
  inputSchema
      "properties": {
        "n": {
  -       "maximum": 1e400,
  +       "maximum": 7,
          "type": "number"
        }
    …
  outputSchema
  + {
  +   "type": "object"
  + }
new tool "copy"
  says of itself: write
  description
  + Copies.\rUp
  + and down
gone tool "read"
`
	if d := cmp.Diff(want, got.String()); d != "" {
		t.Error(d)
	}
}
