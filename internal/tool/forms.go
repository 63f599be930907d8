// SPDX-License-Identifier: MIT

package tool

import (
	"encoding"
	"encoding/json"
	"reflect"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// schemaOf is jsonschema.For, which looks at the fields of a type only, taught
// about types that encoding/json writes in another form than their fields:
// otherwise raw JSON would be announced as a list of bytes.
func schemaOf[T any]() (*jsonschema.Schema, error) {
	forms := map[reflect.Type]*jsonschema.Schema{}
	ownForms(reflect.TypeFor[T](), forms, map[reflect.Type]bool{})
	s, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: forms})
	if err != nil {
		return nil, err
	}
	walk(s, func(s *jsonschema.Schema) {
		if len(s.Types) == 1 && s.Types[0] == "null" { // a pointer to anything
			s.Types = nil
		}
	})
	return s, nil
}

// ownForms collects the types within t that have a form of their own.
func ownForms(t reflect.Type, forms map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	is := func(i reflect.Type) bool { return t.Implements(i) || reflect.PointerTo(t).Implements(i) }
	switch {
	case t.Kind() == reflect.Pointer:
		ownForms(t.Elem(), forms, seen)
	case t == reflect.TypeFor[time.Time]():
		forms[t] = &jsonschema.Schema{Type: "string", Format: "date-time"}
	case is(reflect.TypeFor[json.Marshaler]()):
		forms[t] = &jsonschema.Schema{}
	case is(reflect.TypeFor[encoding.TextMarshaler]()):
		forms[t] = &jsonschema.Schema{Type: "string"}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		forms[t] = &jsonschema.Schema{Types: []string{"null", "string"}, ContentEncoding: "base64"}
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Array, t.Kind() == reflect.Map:
		ownForms(t.Elem(), forms, seen)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			ownForms(t.Field(i).Type, forms, seen)
		}
	}
}
