// SPDX-License-Identifier: MIT

package mirror

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// annotation is the keyword of a property that is mirrored into a header; its
// value is the name of the header after headerParam.
const annotation = "x-mcp-header"

// within are the keywords of JSON Schema, of all drafts, whose value is a
// schema or a list of them, or (true) an object of named ones. Other keywords
// hold data or names, where annotation means nothing.
var within = map[string]bool{
	"properties": true, "patternProperties": true, "$defs": true, "definitions": true, "dependentSchemas": true, "dependencies": true,
	"items": false, "additionalItems": false, "prefixItems": false, "unevaluatedItems": false, "contains": false,
	"additionalProperties": false, "unevaluatedProperties": false, "propertyNames": false,
	"allOf": false, "anyOf": false, "oneOf": false, "not": false, "if": false, "then": false, "else": false,
	"contentSchema": false,
}

// headersOf reads from the input schema of a tool which arguments are mirrored; nil for
// none. Its error says where the schema breaks the rules ("Schema Extension"); clients
// must not be shown such a tool.
func headersOf(schema []byte) (*Headers, error) {
	// Nearly all tools end here. A name can also be written with escapes.
	if !bytes.Contains(schema, []byte(annotation)) && !bytes.Contains(schema, []byte(`\u`)) {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(schema))
	d.UseNumber()
	var root any
	if err := d.Decode(&root); err != nil {
		return nil, fmt.Errorf("its input schema cannot be read: %w", err)
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, nil
	}
	m, err := make(headerNames).schema(object, nil)
	if err != nil || m.inner == nil {
		return nil, err
	}
	return m, nil
}

// headerNames maps each header of one tool, in lower case because case does not tell
// headers apart, to the property that is mirrored into it.
type headerNames map[string]string

// schema reads the schema of the value at path, which is reached through
// properties only.
func (n headerNames) schema(schema map[string]any, path []string) (*Headers, error) {
	m := &Headers{}
	if name, ok := schema[annotation]; ok {
		if err := n.take(name, schema["type"], path); err != nil {
			return nil, err
		}
		m.header = headerParam + name.(string)
	}
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if keyword != "properties" {
			if hides(keyword, schema[keyword]) {
				return nil, fmt.Errorf("%s stands within %q %s, where it is not statically reachable", annotation, keyword, of(path))
			}
			continue
		}
		properties, _ := schema[keyword].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			property, ok := properties[name].(map[string]any)
			if !ok {
				continue
			}
			in, err := n.schema(property, append(path, name)) // which keeps nothing of it
			if err != nil {
				return nil, err
			}
			if in.header == "" && in.inner == nil {
				continue
			}
			if m.inner == nil {
				m.inner = make(map[string]*Headers)
			}
			m.inner[name] = in
		}
	}
	return m, nil
}

// take checks one annotation, of the property at path with this type.
func (n headerNames) take(value, typ any, path []string) error {
	name, ok := value.(string)
	lower := strings.ToLower(name)
	other, taken := n[lower]
	var problem string
	switch {
	case len(path) == 0:
		problem = "is on no property"
	case !ok:
		problem = "is not a string"
	case name == "":
		problem = "is empty"
	case !token(name):
		problem = "is not the name of a header"
	case !primitive(typ):
		problem = fmt.Sprintf("is on a value of type %v; it has to be string, integer or boolean", orNone(typ))
	case taken:
		problem = fmt.Sprintf("is taken by %q", other)
	default:
		n[lower] = path[len(path)-1]
		return nil
	}
	return fmt.Errorf("%s %q %s %s", annotation, name, of(path), problem)
}

func of(path []string) string {
	if len(path) == 0 {
		return "at the root"
	}
	return fmt.Sprintf("of %q", strings.Join(path, "."))
}

func orNone(typ any) any {
	if typ == nil {
		return "none"
	}
	return typ
}

// primitive reports whether a header can carry every value of a type. Null may be one
// of several types; null itself is not mirrored.
func primitive(typ any) bool {
	types, ok := typ.([]any)
	if !ok {
		types = []any{typ}
	}
	found := false
	for _, t := range types {
		switch t {
		case "string", "integer", "boolean":
			found = true
		case "null":
		default:
			return false
		}
	}
	return found
}

// hides reports whether the value of a keyword has an annotation somewhere in
// its schemas.
func hides(keyword string, value any) bool {
	named, ok := within[keyword]
	if !ok {
		return false
	}
	switch v := value.(type) {
	case []any:
		return slices.ContainsFunc(v, annotated)
	case map[string]any:
		if !named {
			return annotated(v)
		}
		for _, schema := range v {
			if annotated(schema) {
				return true
			}
		}
	}
	return false
}

func annotated(schema any) bool {
	object, _ := schema.(map[string]any)
	if _, ok := object[annotation]; ok {
		return true
	}
	for keyword, value := range object {
		if hides(keyword, value) {
			return true
		}
	}
	return false
}

// token reports whether s can be the name of a header (RFC 9110, section
// 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
