// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"slices"
	"strings"
)

// target is the names of what a call with these arguments touches, as the caller
// gives them; none when it gives none. What cannot be read is refused later.
func (t Tool) target(arguments json.RawMessage) []string {
	given, _ := members(t.current(arguments))
	for path := range strings.FieldsSeq(t.Target) {
		argument, member, _ := strings.Cut(path, ".")
		property, value := t.Input.Properties[argument], given[argument]
		if property == nil || len(value) == 0 || string(value) == "null" {
			continue
		}
		// An ID that is written as a number names the same.
		value, err := coerce(property, value)
		if err != nil {
			continue
		}
		if names := named(value, member); slices.ContainsFunc(names, func(name string) bool { return name != "" }) {
			return names
		}
	}
	return nil
}

// named are the texts of an argument that names something or several things, each
// by itself or by a member.
func named(argument json.RawMessage, member string) (names []string) {
	var one string
	if json.Unmarshal(argument, &one) == nil {
		return []string{one}
	}
	var several []json.RawMessage
	_ = json.Unmarshal(argument, &several)
	for _, text := range several {
		var object map[string]json.RawMessage
		if member != "" && json.Unmarshal(text, &object) == nil {
			text = object[member]
		}
		if json.Unmarshal(text, &one) == nil {
			names = append(names, one)
		}
	}
	return names
}
