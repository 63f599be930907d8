// SPDX-License-Identifier: MIT

package keys

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type authKeyInput struct {
	Description   string   `json:"description" jsonschema:"what the key is for, such as ci runner; up to 50 letters, digits, spaces and hyphens"`
	Reusable      bool     `json:"reusable,omitempty" jsonschema:"true for a key that any number of devices may join with; otherwise one may"`
	Ephemeral     bool     `json:"ephemeral,omitempty" jsonschema:"true when its devices shall be removed once they are offline"`
	Preauthorized bool     `json:"preauthorized,omitempty" jsonschema:"true when its devices shall need no approval"`
	Tags          []string `json:"tags,omitempty" jsonschema:"tags of its devices, such as tag:ci; needed when the server's credential is a trust credential"`
	ExpiryDays    int      `json:"expiryDays,omitempty" jsonschema:"days until the key can no longer be used, such as 1" min:"1" max:"90" default:"90"`
	tool.Confirmation
}

func (k *keys) createAuthKey() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_auth_key",
		Title:      "Create an auth key",
		Group:      group,
		Target:     "description",
		Operations: []string{"listTailnetKeys", "createKey"},
		Scopes:     []string{"auth_keys"},
		Class:      grant.Escalating,
		Example:    json.RawMessage(`{"description":"ci runner","tags":["tag:build"]}`),
		Description: "Creates an auth key, with which devices join the tailnet without anybody signing in (tailscale up --auth-key). Without options it lets one device in, " +
			"once, untagged, and expires after 90 days. The secret is in the field secret of this answer only: hand it to the person and do not repeat it elsewhere. " +
			"Needs confirm. Use create_trust_credential for what calls the API. Calling again makes another key. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in authKeyInput) (created, error) {
		if err := checkDescription(in.Description); err != nil {
			return created{}, err
		}
		if err := checkTags(in.Tags); err != nil {
			return created{}, err
		}
		days := cmp.Or(in.ExpiryDays, 90)
		already, err := k.namesakes(ctx, "auth", in.Description)
		if err != nil {
			return created{}, err
		}
		if err := call.Confirm(in.Confirmation, in.Description, in.effect(days)+already); err != nil {
			return created{}, err
		}
		devices := map[string]any{"reusable": in.Reusable, "ephemeral": in.Ephemeral, "preauthorized": in.Preauthorized}
		if len(in.Tags) > 0 {
			devices["tags"] = in.Tags
		}
		return k.create(ctx, "auth", map[string]any{
			"description":   in.Description,
			"expirySeconds": days * 24 * 60 * 60,
			"capabilities":  map[string]any{"devices": map[string]any{"create": devices}},
		})
	})
}

// effect says what the holder of the key can do.
func (in authKeyInput) effect(days int) string {
	who := "one device"
	if in.Reusable {
		who = "any number of devices"
	}
	text := fmt.Sprintf("creates the auth key %q, with which %s can join the tailnet within %d days", in.Description, who, days)
	if in.Preauthorized {
		text += " without approval"
	}
	if in.Ephemeral {
		text += ", for as long as they are online"
	}
	if len(in.Tags) > 0 {
		text += ", with the rights of " + strings.Join(in.Tags, ", ")
	}
	return text
}
