// SPDX-License-Identifier: MIT

package edit

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tailscale/hujson"
)

// meaning is a text as encoding/json understands it.
func meaning(t *testing.T, text string) map[string]any {
	t.Helper()
	standard, err := hujson.Standardize([]byte(text))
	if err != nil {
		t.Fatalf("%q is not readable: %v", text, err)
	}
	var m map[string]any
	if err := json.Unmarshal(standard, &m); err != nil {
		t.Fatalf("%q is not readable: %v", text, err)
	}
	return m
}

// attempt is an operation on a text, made up, with what it must mean.
type attempt struct {
	section string // it is in; as it is written
	do      Operation
	undo    []Operation
	exact   bool // undone, the text is the old one to the byte
	changes func(map[string]any)
}

// attempts are operations that the text must take.
func attempts(d *document, random *rand.Rand) []attempt {
	var all []attempt
	rule := map[string]any{"new": []any{"a<b", "\"/*"}, "n": 1.0}
	for _, sec := range d.root.items {
		l := d.list(sec.value)
		m := sec.name
		switch name := fold(m); {
		case (name == "groups" || name == "tagowners") && l.object && len(l.items) > 0:
			g := l.items[random.IntN(len(l.items))]
			prefix, add, remove := "group:", "add_member", "remove_member"
			if name == "tagowners" {
				prefix, add, remove = "tag:", "add_owner", "remove_owner"
			}
			if g.value.Value.Kind() != '[' || !strings.HasPrefix(g.name, prefix) || g.name == prefix {
				continue
			}
			members := d.list(g.value)
			all = append(all, attempt{
				m, Operation{Op: add, Name: g.name, Member: "new//1"}, []Operation{{Op: remove, Name: g.name, Member: "new//1"}}, len(members.items) > 0,
				func(v map[string]any) {
					o := v[m].(map[string]any)
					o[g.name] = append(slices.Clone(o[g.name].([]any)), "new//1")
				},
			})
			for i, it := range members.items {
				text := textOf(it.value)
				if it.value.Value.Kind() != '"' || text == "" || slices.ContainsFunc(members.items, func(o item) bool { return o.begin != it.begin && strings.EqualFold(textOf(o.value), text) }) {
					continue
				}
				all = append(all, attempt{
					m, Operation{Op: remove, Name: g.name, Member: text}, []Operation{{Op: "json_patch", Patch: step("add", path(m, g.name, i), written(text))}}, false,
					func(v map[string]any) {
						o := v[m].(map[string]any)
						o[g.name] = slices.Delete(slices.Clone(o[g.name].([]any)), i, i+1)
					},
				})
			}
		case slices.Contains([]string{"acls", "grants", "ssh"}, name) && sec.value.Value.Kind() == '[':
			section := map[string]string{"acls": "acls", "grants": "grants", "ssh": "ssh"}[name]
			all = append(all, attempt{
				m, Operation{Op: "add_rule", Section: section, Rule: string(written(rule))}, []Operation{{Op: "remove_rule", Section: section, Rule: string(written(rule))}}, len(l.items) > 0,
				func(v map[string]any) { v[m] = append(slices.Clone(v[m].([]any)), rule) },
			})
			for i, it := range l.items {
				if it.value.Value.Kind() != '{' || slices.ContainsFunc(l.items, func(o item) bool { return o.begin != it.begin && same(o.value, it.value) }) {
					continue
				}
				exact := d.text[it.begin:it.end]
				plain, err := hujson.Standardize([]byte(d.text[it.begin:it.end]))
				if err != nil {
					continue
				}
				var own map[string]any
				if json.Unmarshal(plain, &own) != nil {
					continue
				}
				other := map[string]any{"added": []any{}}
				for name, value := range own {
					if random.IntN(3) > 0 {
						other[name] = value
					}
				}
				all = append(all, attempt{
					m, Operation{Op: "replace_rule", Section: section, Rule: exact, With: string(written(other))}, []Operation{{Op: "replace_rule", Section: section, Rule: string(written(other)), With: string(plain)}}, false,
					func(v map[string]any) { l := slices.Clone(v[m].([]any)); l[i] = other; v[m] = l },
				}, attempt{
					m, Operation{Op: "remove_rule", Section: section, Rule: string(plain)}, []Operation{{Op: "json_patch", Patch: step("add", path(m, i), plain)}}, false,
					func(v map[string]any) { v[m] = slices.Delete(slices.Clone(v[m].([]any)), i, i+1) },
				})
			}
		case name == "hosts" && l.object:
			if _, ok := l.member("new"); !ok {
				all = append(all, attempt{
					m, Operation{Op: "add_host", Name: "new", Address: "::1"}, []Operation{{Op: "remove_host", Name: "new", Was: "::1"}}, len(l.items) > 0,
					func(v map[string]any) { v[m].(map[string]any)["new"] = "::1" },
				})
			}
		}
	}
	if _, ok := d.section("added"); !ok {
		value := map[string]any{"b": []any{true}}
		all = append(all, attempt{
			"added", Operation{Op: "json_patch", Patch: step("add", "/added", written(value))}, []Operation{{Op: "json_patch", Patch: step("remove", "/added", nil)}}, len(d.root.items) > 0,
			func(v map[string]any) { v["added"] = value },
		})
	}
	return all
}

func step(op, path string, value json.RawMessage) string {
	s := map[string]any{"op": op, "path": path}
	if value != nil {
		s["value"] = value
	}
	return string(written([]any{s}))
}

func path(parts ...any) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(fmt.Sprint(part)))
	}
	return b.String()
}

// FuzzEdit: outside the section that an operation names no byte changes; what changes
// means what it is to mean; and the reverse gives the old meaning back, or the old bytes.
func FuzzEdit(f *testing.F) {
	for seed, text := range []string{
		example, strings.ReplaceAll(example, "\n", "\r\n"), `{"groups":{"group:a":["a","b",]},"acls":[]}`, "{\"GROUPS\":{\"group:a\":[\"a\" // boss\n]}}",
		"{\"acls\":[{\"src\":[\"a\"]} /* x */ ], \"groups\": {\"group:a\": [\n\"a\" /* y\n */, \"b\"]}}", "//\n{\"hosts\":{\n\"a\":\"b\"//\n}\n}//",
		"{\"groups\":{\"group:a\":[\n\t// first\n\t\"a\" ]}, \"tagOwners\": {\"tag:a\": [\"a\", // x\n]}}", `{"grants": [{"src": ["*"], "app": {"x/y": [{}]}}, 1], "ssh": [ {} ]}`,
	} {
		f.Add(text, uint64(seed))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		d, err := read(text)
		if err != nil || len(text) > 64<<10 {
			return
		}
		random := rand.New(rand.NewPCG(seed, 1))
		all := attempts(d, random)
		if len(all) == 0 {
			return
		}
		a := all[random.IntN(len(all))]
		got, err := Apply(text, []Operation{a.do})
		if err != nil {
			t.Fatalf("%+v is refused: %v", a.do, err)
		}
		want := meaning(t, text)
		a.changes(want)
		if now := meaning(t, got.Text); !reflect.DeepEqual(now, want) {
			t.Fatalf("%+v made of %q the text %q, which means %v, want %v", a.do, text, got.Text, now, want)
		}
		begin, end := d.root.begin, d.root.end
		if n := len(d.root.items); n > 0 {
			begin = d.root.items[n-1].end
		}
		if s, ok := d.section(a.section); ok {
			begin, end = s.begin, s.end
		}
		if !strings.HasPrefix(got.Text, text[:begin]) || !strings.HasSuffix(got.Text, text[end:]) {
			t.Fatalf("%+v made of %q the text %q, which differs elsewhere too", a.do, text, got.Text)
		}
		back, err := Apply(got.Text, a.undo)
		if err != nil {
			t.Fatalf("%+v of %q: undoing is refused: %v", a.do, got.Text, err)
		}
		if old := meaning(t, text); !reflect.DeepEqual(meaning(t, back.Text), old) || a.exact && back.Text != text {
			t.Fatalf("%+v made of %q the text %q, and undone %q", a.do, text, got.Text, back.Text)
		}
	})
}
