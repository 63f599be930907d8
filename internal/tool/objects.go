// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/tsapi"
)

// Kind is a kind of object of the API: what is shown of it, and what there is.
type Kind struct {
	// ID is the field by which objects are told apart and ordered; AlsoID are
	// others that complete it where it is not unique.
	ID     string
	AlsoID []string
	// Listed are the fields shown of one in a list, and Shown those of one alone;
	// nil shows all.
	Listed, Shown []string
	// Documented are the fields of the API's document besides those. Any may be
	// absent.
	Documented []string
	// Secret are fields that are never shown, even when all are asked for.
	Secret []string
	// Masked are fields that are shown as another text, which has no secret in it.
	Masked map[string]func(tsapi.Object) string
	// Joined are fields that objects get here, as a text that is found elsewhere by what
	// they hold; without one the field is absent. They are asked for only where shown.
	Joined map[string]func(tsapi.Object) string
}

// Selection is the argument of a tool that answers with objects of the API; its
// input struct embeds it.
type Selection struct {
	Fields []string `json:"fields,omitempty" jsonschema:"shown instead of the usual ones"`
}

// Fields are the fields that a caller can ask for, for [Definition.Fields].
func (k Kind) Fields() []string {
	known := slices.Concat(k.Listed, k.Shown, k.Documented)
	return slices.DeleteFunc(known, func(name string) bool { return slices.Contains(k.Secret, name) })
}

// List returns one page of objects with the fields that are asked for. scope is
// what else the list depends on, see [Page].
func (k Kind) List(call Call, p Paging, fields []string, scope any, objects []tsapi.Object) ([]Object, Listed, error) {
	page, listed, err := Page(call, p, scope, objects, k.key)
	if err != nil {
		return nil, Listed{}, err
	}
	if err := k.check(objects, fields); err != nil {
		return nil, Listed{}, err
	}
	return k.project(page, fields, k.Listed), listed, nil
}

// All returns all objects with the fields that are asked for, for lists that are
// short by nature.
func (k Kind) All(fields []string, objects []tsapi.Object) ([]Object, error) {
	if err := k.check(objects, fields); err != nil {
		return nil, err
	}
	return k.project(objects, fields, k.Listed), nil
}

// One returns one object with the fields that are asked for.
func (k Kind) One(fields []string, o tsapi.Object) (Object, error) {
	if err := k.check([]tsapi.Object{o}, fields); err != nil {
		return nil, err
	}
	return k.project([]tsapi.Object{o}, fields, k.Shown)[0], nil
}

// Whole is an object of the API with every field, null ones too.
func Whole(o tsapi.Object) Object {
	out := Object{}
	for name, value := range o.Fields() {
		out[name] = value
	}
	return out
}

func (k Kind) key(o tsapi.Object) string {
	key := o.Text(k.ID)
	for _, name := range k.AlsoID {
		key += "\x00" + o.Text(name)
	}
	return key
}

func (k Kind) project(objects []tsapi.Object, fields, byDefault []string) []Object {
	all := slices.Contains(fields, everyField)
	if len(fields) == 0 {
		fields, all = byDefault, byDefault == nil
	}
	out := make([]Object, len(objects))
	for i, o := range objects {
		out[i] = Object{}
		for name, value := range o.Fields() {
			if (all || slices.Contains(fields, name)) && string(value) != "null" && !slices.Contains(k.Secret, name) {
				if mask := k.Masked[name]; mask != nil {
					value = quoted(mask(o))
				}
				out[i][name] = value
			}
		}
		for name, text := range k.Joined {
			if !all && !slices.Contains(fields, name) {
				continue
			}
			if found := text(o); found != "" {
				out[i][name] = quoted(found)
			}
		}
	}
	return out
}

// quoted is a text as JSON.
func quoted(text string) json.RawMessage {
	value, _ := json.Marshal(text) // a text can always be written
	return value
}

// check refuses a field that is neither documented nor there: a typo would
// otherwise answer with less than was asked for, silently.
func (k Kind) check(objects []tsapi.Object, fields []string) error {
	if len(objects) == 0 || len(fields) == 0 {
		return nil
	}
	known := slices.Concat(k.Listed, k.Shown, k.Documented)
	var witnesses []Object
	for _, name := range fields {
		if name == everyField || slices.Contains(known, name) {
			continue
		}
		i := slices.IndexFunc(objects, func(o tsapi.Object) bool { _, ok := o.Field(name); return ok })
		if i < 0 {
			return CheckFields(nil, []string{name}, known)
		}
		witnesses = append(witnesses, Object{name: nil})
	}
	return CheckFields(witnesses, fields, known)
}
