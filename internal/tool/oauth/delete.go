// SPDX-License-Identifier: MIT

package oauth

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type deleteInput struct {
	App string `json:"app" jsonschema:"the ID of the app, such as a123456CNTRL, as list_oauth_apps shows it"`
	tool.Confirmation
}

type deleteOutput struct {
	Deleted  string      `json:"deleted" jsonschema:"the ID of the app that was removed"`
	Previous tool.Object `json:"previous" jsonschema:"the app as it was"`
}

func (a *apps) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_oauth_app",
		Title:      "Remove an OAuth app",
		Group:      group,
		Operations: []string{"getOAuthApp", "deleteOAuthApp"},
		Class:      grant.Destructive,
		Idempotent: true,
		Description: "Removes an OAuth app from the tailnet for good: its ID and secret stop working, and the app has to be registered anew. " +
			"Set confirm to the app's name. Answers with the app as it was. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in deleteInput) (deleteOutput, error) {
		previous, err := a.get(ctx, in.App)
		if err != nil {
			return deleteOutput{}, err
		}
		name := nameOf(previous, in.App)
		effect := fmt.Sprintf("removes the OAuth app %q (%s) for good, and its secret stops working", tool.Clip(name), tool.Clip(in.App))
		if err := call.Confirm(in.Confirmation, name, effect); err != nil {
			return deleteOutput{}, err
		}
		if err := a.api.Do(ctx, tailnet.Request{Op: "deleteOAuthApp", Params: []string{in.App}}); err != nil {
			return deleteOutput{}, err
		}
		out := deleteOutput{Deleted: in.App}
		out.Previous, err = kind.One(nil, previous)
		return out, err
	})
}
