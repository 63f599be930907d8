// SPDX-License-Identifier: MIT

package oauth

import (
	"context"
	"encoding/json"
	"fmt"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type deleteInput struct {
	App string `json:"app" jsonschema:"its ID, such as a123456CNTRL"`
	tool.Confirmation
}

func (a *apps) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_oauth_app",
		Title:       "Remove an OAuth app",
		Group:       group,
		Target:      "app",
		Operations:  []string{"getOAuthApp", "deleteOAuthApp"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"app":"aDev1CNTRL"}`),
		Description: "Removes an OAuth app for good, with its ID and secret.",
	}, a.api, func(ctx context.Context, _ tool.Call, in deleteInput) (tool.Removal, error) {
		previous, err := a.get(ctx, in.App)
		if err != nil {
			return tool.Removal{}, err
		}
		name := nameOf(previous, in.App)
		shown, err := kind.One(nil, previous)
		return tool.Removal{
			ID: in.App, Given: in.Confirmation, Name: name, Previous: shown,
			Effect:  fmt.Sprintf("removes the OAuth app %q (%s) for good, and its secret stops working", tool.Clip(name), tool.Clip(in.App)),
			Request: tsapi.Request{Op: "deleteOAuthApp", Params: []string{in.App}},
		}, err
	})
}
