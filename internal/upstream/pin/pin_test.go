// SPDX-License-Identifier: MIT

package pin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/grant"
)

func raws(texts ...string) []json.RawMessage {
	var all []json.RawMessage
	for _, t := range texts {
		all = append(all, json.RawMessage(t))
	}
	return all
}

var shown = Seen{
	Instructions: "Read first.\nThen write.",
	Capabilities: json.RawMessage(`{"tools": {"listChanged": true}, "logging": {}}`),
	Tools: raws(
		`{"title": "Write", "name": "write", "description": "Writes <a> & b", "icons": [{"src": "x"}], "annotations": {"readOnlyHint": false, "destructiveHint": false},
		  "inputSchema": {"type": "object", "properties": {"n": {"maximum": 1e400, "type": "number"}}}}`,
		`{"name": "read", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": true}, "_meta": {"x": 1}}`,
	),
	Prompts:   raws(`{"name": "ask", "arguments": [{"name": "what"}]}`),
	Templates: raws(`{"name": "file", "uriTemplate": "file:///{path}"}`),
}

func approved(t *testing.T) Pin {
	t.Helper()
	return Approve(Pin{}, shown, Approval{Classes: map[string]grant.Class{"read": grant.Read}})
}

const golden = `{
"version": 1,
"instructions": {"sha256": "47ee29f2", "definition": "Read first.\nThen write."},
"capabilities": {"sha256": "27156e7b", "definition": {"logging":{},"tools":{"listChanged":true}}},
"tools": [
{"class": "read", "sha256": "b4b4ad9a", "definition": {"inputSchema":{"type":"object"},"name":"read"}},
{"class": "destructive", "sha256": "029542f5", "definition": {"description":"Writes <a> & b","inputSchema":{"properties":{"n":{"maximum":1e400,"type":"number"}},"type":"object"},"name":"write","title":"Write"}}
],
"prompts": [
{"sha256": "74a1e115", "definition": {"arguments":[{"name":"what"}],"name":"ask"}}
],
"templates": [
{"sha256": "b935e261", "definition": {"name":"file","uriTemplate":"file:///{path}"}}
]
}
`

// TestTitle: the title of a server is kept as one visible line, and differs from what is
// pinned without any change of it; a pin without one is as good, and so is one that a person
// has written another into.
func TestTitle(t *testing.T) {
	seen := shown
	seen.Title, seen.Description = "  Files\n\x1b[31mof all\u202e ", strings.Repeat("d", 500)
	p := Approve(approved(t), seen, Approval{})
	if want := `Files \u001b[31mof all\u202e`; p.Title.Title != want || len(p.Title.Description) > mostDescription+len("…") {
		t.Errorf("got %+v, want %s", p.Title, want)
	}
	for _, was := range []Pin{p, approved(t)} {
		if changes := Compare(was, seen); len(changes) > 0 {
			t.Errorf("changed by its title: %v", changes)
		}
	}
	if got, want := p.Title.Text(Title{Title: "Other"}), "its title, which decides nothing\n  - Other\n  + "+p.Title.Title+"\nits description, which decides nothing\n  + ddd"; !strings.HasPrefix(got, want) {
		t.Errorf("shown: %s", got)
	}
	if p.Title.Text(p.Title) != "" {
		t.Error("the same title is shown")
	}
	for _, pin := range []Pin{p, approved(t), {Title: Title{Description: "Written by hand: \"ä\""}}} {
		read, err := Parse(pin.Text())
		if err != nil || read.Title != pin.Title {
			t.Errorf("%v, read %+v, want %+v", err, read.Title, pin.Title)
		}
	}
	for _, wrong := range []string{`"title": 7`, `"title": ""`, `"title": "a\nb"`, `"title": "a\u202eb"`, `"description": "` + strings.Repeat("d", 500) + `"`, `"title": "a", "title": "a"`} {
		if _, err := Parse([]byte(`{"version": 1, ` + wrong + `}`)); err == nil || !strings.HasPrefix(err.Error(), "line 1: ") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

// TestText: a definition a line, in one form; hashes are cut here.
func TestText(t *testing.T) {
	p := approved(t)
	text := string(p.Text())
	p.all(func(_ Kind, i Item) { text = strings.ReplaceAll(text, i.SHA256, i.SHA256[:8]) })
	if d := cmp.Diff(golden, text); d != "" {
		t.Error(d)
	}
	if !json.Valid(p.Text()) {
		t.Error("the file is not JSON")
	}
	back, err := Parse(p.Text())
	if d := cmp.Diff(p, back); d != "" || err != nil {
		t.Errorf("%v %s", err, d)
	}
	if empty := string(Pin{}.Text()); empty != "{\n\"version\": 1,\n\"tools\": [],\n\"prompts\": [],\n\"templates\": []\n}\n" {
		t.Errorf("the empty pin is %q", empty)
	}
}

// TestParseRefuses: what was changed by hand is found, in its line.
func TestParseRefuses(t *testing.T) {
	text := string(approved(t).Text())
	for _, c := range []struct{ name, from, to, want string }{
		{"definition", `Writes`, `Reads`, `line 7: the definition of tool "write" is not the one that was approved (SHA-256): take the file from git, or remove it and approve again`},
		{"instructions", `first`, `last`, `line 3: the definition of instructions "" is not the one that was approved (SHA-256): take the file from git, or remove it and approve again`},
		{"more in it", `"name":"ask"`, `"icons":[],"name":"ask"`, `line 10: the definition of prompt "ask" is not the one that was approved (SHA-256): take the file from git, or remove it and approve again`},
		{"class", `"class": "read"`, `"class": "raed"`, `line 6: unknown class "raed": accepted are read, write, destructive, escalating`},
		{"no class", `"class": "read", `, ``, `line 6: unknown class "": accepted are read, write, destructive, escalating`},
		{"class of a prompt", "\"prompts\": [\n{", "\"prompts\": [\n{\"class\": \"read\", ", `line 10: a class belongs to a tool, not to a prompt: leave it out`},
		{"unknown member", `{"class": "read"`, `{"kind": "read"`, `line 6: ` + errForm.Error()},
		{"unknown key", `"prompts"`, `"prompt"`, `line 9: unknown key "prompt": ` + errForm.Error()},
		{"version", `"version": 1`, `"version": 2`, `line 2: ` + errForm.Error()},
		{"merge conflict", `"tools": [`, "<<<<<<< HEAD\n\"tools\": [", `line 5: ` + errForm.Error()},
		{"something behind", "]\n}\n", "]\n}\n{}", `line 15: ` + errForm.Error()},
		{"cut off", "]\n}\n", "]\n", `line 15: ` + errForm.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(text, c.from) {
				t.Fatalf("there is no %q", c.from)
			}
			_, err := Parse([]byte(strings.Replace(text, c.from, c.to, 1)))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	// The classes are what a reviewer may change.
	p, err := Parse([]byte(strings.Replace(text, `"class": "read"`, `"class": "escalating"`, 1)))
	if err != nil || p.Find(Tool, "read").Class != grant.Escalating {
		t.Errorf("%v: %+v", err, p.Tools)
	}
}

func TestSuggest(t *testing.T) {
	for text, want := range map[string]grant.Class{
		`{}`: grant.Destructive,
		`{"annotations": {"readOnlyHint": true}}`:                            grant.Read,
		`{"annotations": {"destructiveHint": false}}`:                        grant.Write,
		`{"annotations": {"readOnlyHint": false, "destructiveHint": true}}`:  grant.Destructive,
		`{"annotations": {"idempotentHint": true, "openWorldHint": false}}`:  grant.Destructive,
		`{"annotations": {"readOnlyHint": "true"}}`:                          grant.Destructive,
		`{"annotations": {"readOnlyHint": true, "destructiveHint": true}}`:   grant.Read, // the latter means something only when it is not read-only
		`{"annotations": null, "name": "get_x", "description": "read only"}`: grant.Destructive,
	} {
		if got := Suggest(json.RawMessage(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	path := Path(dir, "files")
	if p, ok, err := Load(path); ok || err != nil || p.Tools != nil {
		t.Errorf("a pin that is not there: %v %v %v", p, ok, err)
	}
	for range 2 { // the second replaces the first
		if err := Save(path, approved(t)); err != nil {
			t.Fatal(err)
		}
	}
	p, ok, err := Load(path)
	if d := cmp.Diff(approved(t), p); d != "" || !ok || err != nil {
		t.Error(d, ok, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v %v", info, err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("something is left beside it: %v", all)
	}
	// Where it cannot be written, what was there stays.
	blocked := filepath.Join(dir, "blocked.lock.json")
	if err := os.Mkdir(blocked, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Save(blocked, approved(t)); err == nil || !strings.Contains(err.Error(), "was not written, it is as it was") {
		t.Errorf("got %v", err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 2 {
		t.Errorf("something is left beside it: %v", all)
	}
	if err := os.Symlink(path, filepath.Join(dir, "link.lock.json")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(filepath.Join(dir, "link.lock.json")); err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
		t.Errorf("got %v", err)
	}
	if _, _, err := Load(blocked); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("got %v", err)
	}
}

// TestOthersMayWrite: a pin says who may call what, so that nobody else may write it.
func TestOthersMayWrite(t *testing.T) {
	path := Path(t.TempDir(), "x")
	if err := Save(path, Pin{}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := Load(path); !ok || err != nil {
		t.Errorf("as it was saved: %v, %v", ok, err)
	}
	for _, mode := range []os.FileMode{0o660, 0o642} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := Load(path); ok || err == nil || !strings.Contains(err.Error(), "others may write") {
			t.Errorf("mode %04o: %v, %v", mode, ok, err)
		}
	}
}
