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
	"tailscale-mcp/internal/tool/devices/tags"
)

type authKeyInput struct {
	Description   string   `json:"description" jsonschema:"such as ci runner: letters, digits, spaces, hyphens"`
	Reusable      bool     `json:"reusable,omitempty"`
	Ephemeral     bool     `json:"ephemeral,omitempty"`
	Preauthorized bool     `json:"preauthorized,omitempty"`
	Tags          []string `json:"tags,omitempty" jsonschema:"of its devices, such as tag:ci; required if this server has a trust credential"`
	ExpiryDays    int      `json:"expiryDays,omitempty" jsonschema:"to join with it" min:"1" max:"90" default:"90"`
	tool.Confirmation
}

// createAuthKey is the tool that creates an auth key.
func (k *keys) createAuthKey() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_auth_key",
		Title:      "Create an auth key",
		Group:      group,
		Target:     "description",
		Operations: []string{"listTailnetKeys", "createKey"},
		Optional:   []string{"getPolicyFile"},
		Class:      grant.Escalating,
		Adds:       true,
		Example:    json.RawMessage(`{"description":"ci runner","tags":["tag:build"]}`),
		Description: "Creates an auth key, with which a device (reusable: any number) joins without anybody signing in. Its secret is in this answer only. " +
			"For a program that calls the API: create_trust_credential.",
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
		if err := tags.Assignable(ctx, k.api, in.Tags); err != nil {
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
