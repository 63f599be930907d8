// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// inputSchema derives the schema of a tool's arguments from its input struct.
// Besides json and jsonschema (the description) a field may carry
//
//	enum:"a,b"   the accepted values
//	min:"1"      the smallest number
//	max:"100"    the largest number
//	default:"50" the value when absent, shown to the client
//	media:"application/json" of a text: what it is; given as JSON itself, it is taken too
//
// A field has a description, unless it is a boolean or has an enum: their names may
// say it all. A field is required unless it is omitempty. The schema is a plain object that
// accepts no other property, without null types and combinators at the top:
// some clients reject a whole tool list for less.
func inputSchema[In any]() (*jsonschema.Schema, error) {
	t := reflect.TypeFor[In]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v is not a struct", t)
	}
	s, err := schemaOf[In]()
	if err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("%v is not written as an object", t)
	}
	if s.Properties == nil {
		s.Properties = map[string]*jsonschema.Schema{}
	}
	withoutNull(s)
	if err := constrainFields(s, t); err != nil {
		return nil, err
	}
	// A default that the schema itself refuses is found here.
	_, err = s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	return s, err
}

// withFields returns the schema of arguments with these, and all, as the values of
// fields. It leaves the schema as it is: calls are decoded by that, and the tool refuses
// a field that is not there.
func withFields(s *jsonschema.Schema, fields []string) (*jsonschema.Schema, error) {
	if len(fields) == 0 {
		return s, nil
	}
	argument := s.Properties["fields"]
	if argument == nil || argument.Type != "array" {
		return nil, errors.New("there is no list of that name among the arguments")
	}
	names := append(slices.Clone(fields), everyField)
	slices.Sort(names)
	items := *argument.Items
	for _, name := range slices.Compact(names) {
		items.Enum = append(items.Enum, name)
	}
	shown, property := *s, *argument
	property.Items = &items
	shown.Properties = maps.Clone(s.Properties)
	shown.Properties["fields"] = &property
	return &shown, nil
}

// everyField is the value of fields that asks for all of them.
const everyField = "all"

// constrainFields applies the tags of a struct's fields to its schema, and
// those of the structs inside it.
func constrainFields(s *jsonschema.Schema, t reflect.Type) error {
	switch t.Kind() {
	case reflect.Pointer:
		return constrainFields(s, t.Elem())
	case reflect.Slice, reflect.Array:
		if s.Items != nil {
			return constrainFields(s.Items, t.Elem())
		}
	case reflect.Map:
		if s.AdditionalProperties != nil {
			return constrainFields(s.AdditionalProperties, t.Elem())
		}
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" {
				name = field.Name
			}
			property := s.Properties[name]
			if property == nil || field.Anonymous {
				continue
			}
			if property.Description == "" && property.Type != "boolean" && field.Tag.Get("enum") == "" {
				return fmt.Errorf("field %s has no description", field.Name)
			}
			if err := constrain(property, field.Tag); err != nil {
				return fmt.Errorf("field %s: %w", field.Name, err)
			}
			if err := constrainFields(property, field.Type); err != nil {
				return fmt.Errorf("field %s: %w", field.Name, err)
			}
		}
	}
	return nil
}

func constrain(property *jsonschema.Schema, tag reflect.StructTag) error {
	if values := tag.Get("enum"); values != "" {
		target := property
		if property.Type == "array" {
			target = property.Items
		}
		for value := range strings.SplitSeq(values, ",") {
			target.Enum = append(target.Enum, value)
		}
	}
	property.ContentMediaType = tag.Get("media")
	for name, bound := range map[string]**float64{"min": &property.Minimum, "max": &property.Maximum} {
		text := tag.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		*bound = &n
	}
	if text, ok := tag.Lookup("default"); ok {
		if property.Type == "string" {
			text = strconv.Quote(text)
		}
		if !json.Valid([]byte(text)) {
			return fmt.Errorf("default %s is not JSON", text)
		}
		property.Default = json.RawMessage(text)
	}
	return nil
}

// outputSchema derives the schema of an answer. It requires nothing and allows
// everything besides what it names: clients validate answers against it, and
// the API may omit a field or bring a new one any day.
func outputSchema[Out any]() (*jsonschema.Schema, error) {
	s, err := schemaOf[Out]()
	if err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("%T is not an object; structured content has to be one", *new(Out))
	}
	root := s
	walk(s, func(s *jsonschema.Schema) {
		s.Required = nil
		switch {
		case s.AdditionalProperties == nil:
		case s.AdditionalProperties.Not != nil:
			s.AdditionalProperties = nil
		case s.Type == "object" && s != root: // a map, which is null when it is nil
			s.Type, s.Types = "", []string{"null", "object"}
		}
	})
	return s, nil
}

// bare returns a copy of an answer's schema with nothing in it but what a client needs
// to check an answer and to address its parts: every client fetches it, few models see
// it, and an answer explains itself by its names. The page of reference has all of it.
func bare(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	s = s.CloneSchemas()
	walk(s, func(s *jsonschema.Schema) {
		s.Description, s.Format, s.ContentEncoding = "", "", ""
		if more := s.AdditionalProperties; more != nil && reflect.DeepEqual(*more, jsonschema.Schema{}) {
			s.AdditionalProperties = nil
		}
	})
	return s
}

// lean is the schema of arguments as clients see it: without what no model needs to fill
// them in, and what a refusal says when it is needed. That nothing else is taken is held
// by [decode] all the same.
func lean(s *jsonschema.Schema) *jsonschema.Schema {
	s = s.CloneSchemas()
	walk(s, func(s *jsonschema.Schema) {
		s.ContentMediaType = ""
		if s.AdditionalProperties != nil && s.AdditionalProperties.Not != nil {
			s.AdditionalProperties = nil
		}
	})
	return s
}

// withoutNull turns ["null", T], which the inference writes for slices, maps
// and pointers, into T: an absent argument is absent, never null.
func withoutNull(s *jsonschema.Schema) {
	walk(s, func(s *jsonschema.Schema) {
		if len(s.Types) == 2 && s.Types[0] == "null" {
			s.Type, s.Types = s.Types[1], nil
		}
	})
}

func walk(s *jsonschema.Schema, visit func(*jsonschema.Schema)) {
	if s == nil {
		return
	}
	visit(s)
	for _, property := range s.Properties {
		walk(property, visit)
	}
	walk(s.Items, visit)
	if s.AdditionalProperties != nil && s.AdditionalProperties.Not == nil {
		walk(s.AdditionalProperties, visit)
	}
}
