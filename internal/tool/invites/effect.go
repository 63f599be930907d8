// SPDX-License-Identifier: MIT

package invites

import (
	"encoding/json"
	"fmt"

	"tailscale-mcp/internal/tsapi"
)

// recipient names the person that an invitation was made for.
func recipient(o tsapi.Object) string {
	if email := o.Text("email"); email != "" {
		return fmt.Sprintf("%.80q", email)
	}
	return "whoever holds its link"
}

// withdrawal says which access an invitation gives that is about to be withdrawn, and
// whether somebody has accepted it already.
func (w which) withdrawal(o tsapi.Object) string {
	effect := "withdraws the invitation of " + recipient(o)
	if w.Kind != "device" {
		effect += " into the tailnet"
		if role := o.Text("role"); role != "" {
			effect += fmt.Sprintf(" as %.40q", role)
		}
		return effect
	}
	// A field that has another type than documented is left out.
	var said struct {
		id       json.Number
		accepted bool
		many     bool
		by       struct{ LoginName string }
	}
	for name, into := range map[string]any{"deviceId": &said.id, "accepted": &said.accepted, "multiUse": &said.many, "acceptedBy": &said.by} {
		if value, ok := o.Field(name); ok {
			_ = json.Unmarshal(value, into)
		}
	}
	effect += " to the device"
	if said.id != "" {
		effect += fmt.Sprintf(" with the ID %.40s", said.id)
	}
	if !said.accepted {
		return effect
	}
	effect += ", which was accepted already"
	if said.by.LoginName != "" {
		effect += fmt.Sprintf(" by %.80q", said.by.LoginName)
	}
	if said.many {
		effect += ", and perhaps by others, since it is for many"
	}
	return effect + "; what becomes of that access is not documented"
}
