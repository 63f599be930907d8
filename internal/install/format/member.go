// SPDX-License-Identifier: MIT

package format

import "slices"

// Member is a name with its value: a string, a bool or a list of strings.
type Member struct {
	Name  string
	Value any
}

// Value returns what decoding an entry gives: maps, lists of any, and the rest as it is.
func Value(v any) any {
	switch v := v.(type) {
	case []Member:
		table := map[string]any{}
		for _, m := range v {
			table[m.Name] = Value(m.Value)
		}
		return table
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	}
	return v
}

// Kind returns what JSON and TOML call a value. What JSON calls an object is a table
// in TOML.
func Kind(value any) string {
	switch value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case nil:
		return "null"
	case bool:
		return "a boolean"
	}
	return "a number or a date"
}

// Agrees reports whether an entry, as it was decoded, already says all that it should. What else it
// says is the person's.
func Agrees(entry any, want []Member) bool {
	fields, ok := entry.(map[string]any)
	if !ok {
		return false
	}
	for _, m := range want {
		got, there := fields[m.Name]
		if list, ok := m.Value.([]string); ok {
			items, isList := got.([]any)
			if !isList || len(items) != len(list) || !slices.Equal(Texts(items), list) {
				return false
			}
		} else if !there || got != m.Value {
			return false
		}
	}
	return true
}

// Texts returns the strings of a list as it was decoded, and none if anything in it is
// something else.
func Texts(list any) []string {
	items, _ := list.([]any)
	var all []string
	for _, item := range items {
		s, ok := item.(string)
		if !ok {
			return nil
		}
		all = append(all, s)
	}
	return all
}
