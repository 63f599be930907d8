// SPDX-License-Identifier: MIT

package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tailscale-mcp/internal/tool/users/login"
	"tailscale-mcp/internal/tsapi"
)

// stake continues the effect of revoking a key: its owner, its expiry and what it
// gives. The API does not tell when a key was last used.
func (k *keys) stake(ctx context.Context, o tsapi.Object) string {
	var said []string
	if user := o.Text("userId"); user != "" {
		if name := login.Of(ctx, k.api).In("userId")(o); name != "" {
			said = append(said, fmt.Sprintf("it is of %.80q", name))
		} else {
			said = append(said, fmt.Sprintf("it is of the user with the ID %.80q", user))
		}
	}
	if created := o.Text("created"); created != "" {
		said = append(said, fmt.Sprintf("it was created at %.40q", created))
	}
	expires := o.Text("expires")
	at, err := time.Parse(time.RFC3339, expires)
	switch {
	case expires == "" || err == nil && at.IsZero(): // the zero time is never
	case err == nil && at.Before(time.Now()):
		said = append(said, fmt.Sprintf("it expired at %.40q", expires))
	default:
		said = append(said, fmt.Sprintf("it expires at %.40q", expires))
	}
	for _, name := range []string{"scopes", "tags"} {
		if value, ok := o.Field(name); ok {
			said = append(said, list(name, texts(value))...)
		}
	}
	var can struct {
		Devices struct {
			Create struct {
				Reusable bool
				Tags     []string
			}
		}
	}
	if value, ok := o.Field("capabilities"); ok && json.Unmarshal(value, &can) == nil {
		if can.Devices.Create.Reusable {
			said = append(said, "any number of devices can join with it")
		}
		said = append(said, list("tags of its devices", can.Devices.Create.Tags)...)
	}
	if len(said) == 0 {
		return ""
	}
	return "; " + strings.Join(said, "; ")
}

// list says the first few of many names; nothing if there are none.
func list(what string, names []string) []string {
	const most = 5
	if len(names) == 0 {
		return nil
	}
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, fmt.Sprintf("%.80q", name))
	}
	text := what + ": " + strings.Join(shown, ", ")
	if rest := len(names) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return []string{text}
}
