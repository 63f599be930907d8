// SPDX-License-Identifier: MIT

package tool

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Object is one thing of the API as it came, unknown fields included.
type Object = map[string]json.RawMessage

// Project returns the fields of an object that are asked for: those of the
// default projection when fields is empty, everything when it holds "all". A
// field that the object lacks is left out, since the API omits what does not
// apply.
func Project(o Object, fields, byDefault []string) Object {
	if slices.Contains(fields, everyField) {
		return o
	}
	if len(fields) == 0 {
		fields = byDefault
	}
	out := make(Object, len(fields))
	for _, name := range fields {
		if value, ok := o[name]; ok {
			out[name] = value
		}
	}
	return out
}

// CheckFields refuses a field that no object has and that is not known: a typo
// would otherwise answer with less than was asked for, silently. known are the
// fields that may be absent everywhere.
func CheckFields(objects []Object, fields, known []string) error {
	for _, name := range fields {
		if name == everyField || slices.Contains(known, name) ||
			slices.ContainsFunc(objects, func(o Object) bool { _, ok := o[name]; return ok }) {
			continue
		}
		there := map[string]bool{}
		for _, k := range known {
			there[k] = true
		}
		for _, o := range objects[:min(len(objects), 20)] {
			for k := range o {
				there[k] = true
			}
		}
		return Invalidf("the fields are: all, "+strings.Join(slices.Sorted(maps.Keys(there)), ", "), "there is no field %s", quote(name))
	}
	return nil
}
