// SPDX-License-Identifier: MIT

package format

import (
	"strings"
	"testing"
)

// An entry is put in, made to say something else and taken out, and all the rest stays
// as it is.
func TestFormats(t *testing.T) {
	const json = "{\n  \"other\": {\"a\": 1.0},\n  \"servers\": {\n    \"x\": {}\n  }\n}\n"
	for name, c := range map[string]struct {
		format                  Format
		path                    []string
		before, entered, update string
	}{
		"JSON": {
			JSON, []string{"servers", "me"}, json,
			strings.Replace(json, "{}\n", "{},\n    \"me\": {\n      \"command\": \"/p\"\n    }\n", 1),
			strings.Replace(json, "{}\n", "{},\n    \"me\": {\n      \"command\": \"/q\"\n    }\n", 1),
		},
		"JSONC": {
			JSONC, []string{"servers", "me"}, "// mine\n" + json,
			"// mine\n" + strings.Replace(json, "{}\n", "{},\n    \"me\": {\n      \"command\": \"/p\"\n    }\n", 1),
			"// mine\n" + strings.Replace(json, "{}\n", "{},\n    \"me\": {\n      \"command\": \"/q\"\n    }\n", 1),
		},
		"TOML": {
			TOML, []string{"servers", "me"}, "# mine\n[servers.x]\na = 1\n",
			"# mine\n[servers.x]\na = 1\n\n[servers.me]\ncommand = '/p'\n",
			"# mine\n[servers.x]\na = 1\n\n[servers.me]\ncommand = '/q'\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			entry := func(command string) []Member { return []Member{{"command", command}} }
			entered, err := c.format.Insert([]byte(c.before), c.path, entry("/p"))
			if err != nil || string(entered) != c.entered {
				t.Fatalf("insert: got %q, %v, want %q", entered, err, c.entered)
			}
			tree, err := c.format.Decode(entered)
			if err != nil || !Agrees(Lookup(tree, c.path), entry("/p")) || Agrees(Lookup(tree, c.path), entry("/q")) {
				t.Errorf("decode: got %v, %v", tree, err)
			}
			updated, err := c.format.Update(entered, c.path, entry("/q"))
			if err != nil || string(updated) != c.update {
				t.Errorf("update: got %q, %v, want %q", updated, err, c.update)
			}
			removed, err := c.format.Remove(updated, c.path, 0)
			if err != nil || string(removed) != c.before {
				t.Errorf("remove: got %q, %v, want %q", removed, err, c.before)
			}
			if _, err := c.format.Remove(removed, c.path, 0); err == nil {
				t.Error("what is not there was taken out")
			}
		})
	}
}

// What cannot be read is refused without a word of it.
func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		format Format
		text   string
		want   string
	}{
		"JSON with a comment": {JSON, "{\"secret\": 1} // c\n", "it has a comment or a trailing comma"},
		"no JSON":             {JSONC, "{\n\"secret\" 1}", "it is not JSON at line 2, column 10"},
		"a list":              {JSONC, `["secret"]`, "it is an array and not an object"},
		"no TOML":             {TOML, "[a]\nsecret", "it is not TOML at line 2, column 6"},
	} {
		if _, err := c.format.Decode([]byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// The tree that With and Without give shares what is not on their path, and leaves the
// other as it was.
func TestTree(t *testing.T) {
	path := []string{"a", "b", "c"}
	var none map[string]any
	one := With(none, path, "x")
	switch {
	case Lookup(one, path) != "x" || Depth(one, path) != 3:
		t.Errorf("got %v, want x at the end of the path", one)
	case Lookup(none, path) != nil || Depth(none, path) != 0:
		t.Errorf("got %v, want nothing", none)
	}
	for parents, want := range []map[string]any{
		{"a": map[string]any{"b": map[string]any{}}}, {"a": map[string]any{}}, {},
	} {
		if got := Without(one, path, parents); !Equal(got, want) {
			t.Errorf("without the path and %d tables above it: got %v, want %v", parents, got, want)
		}
	}
	if Lookup(one, path) != "x" {
		t.Errorf("got %v, want it as it was", one)
	}
}
