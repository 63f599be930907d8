// SPDX-License-Identifier: MIT

package grammar

import "github.com/tailscale/hujson"

// settings reads a section that decides about nobody's access: its form is looked at,
// and its names.
func (r *reader) settings(name string, v hujson.Value) bool {
	switch name {
	case "randomizeclientport", "disableipv4":
		r.boolean(v, name)
	case "onecgnatroute":
		r.name(v, name)
	case "extradnsrecords":
		r.list(v, name, r.dnsRecord)
	case "derpmap", "attrconfig":
		r.members(v, name, func(_ Name, value hujson.Value) { r.raw(value) })
	default:
		return false
	}
	return true
}

func (r *reader) dnsRecord(v hujson.Value) {
	r.fields(v, "a record of extraDNSRecords", func(name string, v hujson.Value) bool {
		switch name {
		case "name", "type", "value":
			r.name(v, name)
			return true
		}
		return false
	})
}

// boolean reads true or false; null is false.
func (r *reader) boolean(v hujson.Value, field string) bool {
	literal, _ := v.Value.(hujson.Literal)
	switch v.Value.Kind() {
	case 't', 'f', 'n':
		return string(literal) == "true"
	}
	r.form(v, field, "true or false")
	return false
}

// unknownField is the mistake of a name that no section or rule has.
func unknownField(where Place, name, what string) *Error {
	return &Error{
		Place:   where,
		Message: `json: unknown field ` + quote(name),
		Next:    "correct the name or remove it: " + what + " has no such field",
	}
}
