// SPDX-License-Identifier: MIT

package oauth

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type listInput struct {
	App string `json:"app,omitempty" jsonschema:"this one alone: its ID, such as a123456CNTRL"`
	tool.Selection
	tool.Paging
}

type listOutput struct {
	Apps []tool.Object `json:"apps" jsonschema:"the OAuth apps without their secrets, in the order of their IDs"`
	tool.Listed
}

func (a *apps) list() tool.Tool {
	const name = "list_oauth_apps"
	return tool.New(tool.Definition{
		Name:        name,
		Title:       "List OAuth apps",
		Group:       group,
		Operations:  []string{"listOAuthApps", "getOAuthApp"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{}`),
		Fields:      kind.Fields(),
		Description: "Lists OAuth apps, third parties that users can grant access to. OAuth clients, which call the API for the tailnet: list_keys.",
		Narrow:      "give app, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		shown, listed, err := kind.ListOrOne(ctx, call, tool.Query{
			ID: in.App, One: a.get, All: a.all, Fields: in.Fields, Paging: in.Paging, Scope: name,
		})
		return listOutput{shown, listed}, err
	})
}

func (a *apps) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://oauth-apps",
		Name:        "oauth-apps",
		Title:       "OAuth apps",
		Description: "All OAuth apps of the tailnet, with the fields of list_oauth_apps and without secrets.",
		Narrow:      "use list_oauth_apps, which has pages",
	}, func(ctx context.Context, _ string) (any, error) {
		all, err := a.all(ctx)
		if err != nil {
			return nil, err
		}
		shown, err := kind.All(nil, all)
		return listOutput{shown, tool.Listed{Total: len(shown), Returned: len(shown)}}, err
	})
}
