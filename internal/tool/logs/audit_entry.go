// SPDX-License-Identifier: MIT

package logs

import (
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/object"
)

// usualFields are shown of an entry, and beside them change, which is ours: old and new
// themselves may be whole policy files.
var usualFields = []string{"eventTime", "actor", "action", "target", "error"}

// inHistory stands for a policy file before or after a change.
var inHistory = json.RawMessage(`"the policy file: policy_history shows what was changed"`)

// shownEntry is an entry with the usual fields, or whole.
func shownEntry(o tsapi.Object, whole bool) tool.Object {
	out := tool.Object{}
	for name, value := range o.Fields() {
		if string(value) != "null" && (whole || slices.Contains(usualFields, name)) {
			out[name] = value
		}
	}
	if change := changeOf(o); change != nil && !whole {
		out["change"] = change
	}
	return out
}

// ofPolicy reports whether an entry is of a change of the policy file.
func ofPolicy(o tsapi.Object) bool {
	target := part(o, "target")
	return target.Text("type") == "TAILNET" && target.Text("property") == "ACL"
}

// changeOf says in short what was before and after; nil where the log does not.
func changeOf(o tsapi.Object) json.RawMessage {
	before, after := brief(o, "old"), brief(o, "new")
	switch {
	case before == nil && after == nil:
		return nil
	case ofPolicy(o):
		return inHistory
	}
	change, err := json.Marshal(struct {
		Old json.RawMessage `json:"old,omitempty"`
		New json.RawMessage `json:"new,omitempty"`
	}{before, after})
	if err != nil {
		return nil // cannot be: both are parts of what was read
	}
	return change
}

// brief is the value of a field, or its beginning where that is long.
func brief(o tsapi.Object, name string) json.RawMessage {
	const most = 160
	value, ok := o.Field(name)
	switch {
	case !ok || string(value) == "null":
		return nil
	case len(value) <= most:
		return value
	}
	text, err := json.Marshal(tool.Clip(string(value)))
	if err != nil {
		return nil // cannot be: it is a text
	}
	return text
}

// part is the object in a field of an object; without fields where there is none.
func part(o tsapi.Object, name string) tsapi.Object {
	if value, ok := o.Member(name); ok && value[0] == '{' {
		return object.Of(value)
	}
	return tsapi.Object{}
}
