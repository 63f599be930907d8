// SPDX-License-Identifier: MIT

package edit

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"
)

// patchStep is one operation of a JSON Patch.
type patchStep struct {
	Op, Path, From string
	Value          json.RawMessage
}

// patch applies a JSON Patch: https://www.rfc-editor.org/rfc/rfc6902.
func (d *document) patch(text string) error {
	var steps []patchStep
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&steps); err != nil || decoder.More() || len(steps) == 0 {
		return &Error{Message: "patch is no list of steps", Next: `give a JSON Patch, such as [{"op":"test","path":"/hosts/db","value":"100.64.0.1"},{"op":"remove","path":"/hosts/db"}]`}
	}
	if len(steps) > MostOperations {
		return &Error{Message: fmt.Sprintf("the patch has %d steps, and at most %d are taken", len(steps), MostOperations), Next: "make the change in several calls"}
	}
	for i, s := range steps {
		if err := d.patchOne(s); err != nil {
			return inStep(i+1, s, err)
		}
	}
	return nil
}

func (d *document) patchOne(s patchStep) error {
	needsValue := s.Op == "add" || s.Op == "replace" || s.Op == "test"
	needsFrom := s.Op == "move" || s.Op == "copy"
	if needsValue != (len(s.Value) > 0) || needsFrom != (s.From != "") {
		return &Error{Message: "value is for add, replace and test, and from for move and copy: each of them needs it, and no other takes it", Next: "give the step as RFC 6902 has it"}
	}
	if !needsValue {
		switch s.Op {
		case "remove":
			return d.patchRemove(s.Path)
		case "move", "copy":
			return d.patchMove(s)
		}
		return &Error{Message: "a JSON Patch has no " + quote(s.Op), Next: "op is add, remove, replace, move, copy or test"}
	}
	v, err := value(string(s.Value))
	if err != nil {
		return err
	}
	if s.Op == "add" {
		return d.patchAdd(s.Path, v, "")
	}
	t, err := d.resolve(s.Path)
	if err != nil {
		return err
	}
	if t.value == nil {
		return d.absent(t)
	}
	if s.Op == "replace" {
		return d.become(t.value, v)
	}
	if !same(t.value, v) {
		return d.problem(t.value.StartOffset, "read the file with get_policy; give the value that is there, if the change is still wanted",
			"the test fails: it is %s", clip(d.text[t.value.StartOffset:t.value.EndOffset]))
	}
	return nil
}

// patchAdd puts in a value, or a text as it is.
func (d *document) patchAdd(path string, v *hujson.Value, text string) error {
	t, err := d.resolve(path)
	if err != nil {
		return err
	}
	if t.value != nil && (t.parent.object || path == "") { // as RFC 6902 has it
		if v == nil {
			return d.apply(splice{t.value.StartOffset, t.value.EndOffset, text})
		}
		return d.become(t.value, v)
	}
	return d.add(t.parent, t.index, t.name, v, text, d.style.lines && t.depth < 3)
}

func (d *document) patchRemove(path string) error {
	t, err := d.resolve(path)
	switch {
	case err != nil:
		return err
	case path == "":
		return &Error{Message: "the whole file cannot be removed", Next: "name what is to be removed in path"}
	case t.value == nil:
		return d.absent(t)
	}
	return d.remove(t.parent, t.index)
}

// patchMove copies a value as it is written, and removes it from where it was.
func (d *document) patchMove(s patchStep) error {
	if s.Op == "move" && (s.Path == s.From || strings.HasPrefix(s.Path, s.From+"/")) {
		return &Error{Message: "a value cannot be moved to itself or into itself", Next: "give another path, or leave this step out"}
	}
	t, err := d.resolve(s.From)
	if err != nil {
		return err
	}
	if t.value == nil {
		return d.absent(t)
	}
	text := d.text[t.value.StartOffset:t.value.EndOffset]
	if s.Op == "move" {
		if err := d.remove(t.parent, t.index); err != nil {
			return err
		}
	}
	return d.patchAdd(s.Path, nil, text)
}

func (d *document) absent(t target) error {
	found := "nothing is in there"
	switch {
	case t.parent.object && len(t.parent.items) > 0:
		found = "there is " + several(t.parent.names())
	case len(t.parent.items) > 0:
		found = fmt.Sprintf("there are %d elements, the first is 0", len(t.parent.items))
	}
	return d.problem(t.parent.begin, "give the path of something that is there", "nothing is at the path: %s", found)
}

// inStep says of an error which step of a patch it is of.
func inStep(number int, s patchStep, err error) error {
	e, ok := err.(*Error) //nolint:errorlint // nothing here wraps one
	if !ok {
		e = &Error{Message: err.Error()}
	}
	e.Message = fmt.Sprintf("step %d (%s %s): %s", number, clip(s.Op), quote(s.Path), e.Message)
	return e
}
