// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
)

// The API's document says of few fields that they are always there, and it grows.
// So every tool is tried with answers that lack one field after the other, that
// have null in its place, and that have fields nobody knows.

// fields visits the fields of all objects in a value, in the same order each time;
// of a list, those of its first element: the others are like it.
func fields(value any, visit func(object map[string]any, name string)) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inner := v[name]
			visit(v, name)
			fields(inner, visit)
		}
	case []any:
		if len(v) > 0 {
			fields(v[0], visit)
		}
	}
}

// edits changes the fields of the answers that one call gets.
type edits struct {
	change func(object map[string]any, name string)
	only   int // the number of the field to change; negative is every one

	mu   sync.Mutex
	seen int
}

func (e *edits) edit(body []byte) []byte {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return body // the policy file in its own form
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	fields(value, func(object map[string]any, name string) {
		if e.only < 0 || e.seen == e.only {
			e.change(object, name)
		}
		e.seen++
	})
	edited, err := json.Marshal(value)
	if err != nil {
		return body
	}
	return edited
}

func TestShapesOfAnswers(t *testing.T) {
	r := newRig(t, setup{})
	alice := by(t, "alice@example.com", mayAll)
	tried := 0
	for _, d := range r.offers.Tools {
		if calls[d.Name] == "" {
			continue
		}
		schema := resolved(t, d)
		try := func(what string, e *edits) (err error) {
			seed(r.fake)
			r.fake.ClearFaults()
			r.fake.Fail("", fakeapi.Edited(e.edit))
			text, err := r.call(alice, d.Name, calls[d.Name])
			r.log.Forget()
			tried++
			if err != nil {
				if code := told(t, err).Code; code == tool.CodeInternal {
					t.Errorf("%s, %s %d: %v", d.Name, what, e.only, err)
				}
				return err
			}
			var value any
			if err := json.Unmarshal(text, &value); err != nil {
				t.Errorf("%s, %s %d: %v", d.Name, what, e.only, err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%s, %s %d: %v\n%s", d.Name, what, e.only, err, text)
			}
			return nil
		}
		unknown := func(object map[string]any, name string) {
			if !strings.Contains(name, ".") { // a domain: what has it is a map and no object
				object["someDay"] = map[string]any{"x": []any{1, nil}}
			}
		}
		if err := try("unknown fields", &edits{only: -1, change: unknown}); err != nil {
			t.Errorf("%s, with fields that nobody knows: %v", d.Name, err)
		}
		for what, change := range map[string]func(map[string]any, string){
			"without field": func(object map[string]any, name string) { delete(object, name) },
			"null in field": func(object map[string]any, name string) { object[name] = nil },
		} {
			for n, last := 0, 0; n <= last; n++ {
				e := &edits{only: n, change: change}
				_ = try(what, e)
				last = e.seen - 1
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d answers were tried", tried)
	}
	t.Logf("%d answers", tried)
}

func resolved(t *testing.T, d tool.Tool) *jsonschema.Resolved {
	t.Helper()
	schema, err := d.Output.Resolve(nil)
	if err != nil {
		t.Fatalf("%s: %v", d.Name, err)
	}
	return schema
}
