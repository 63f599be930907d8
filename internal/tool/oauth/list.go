// SPDX-License-Identifier: MIT

package oauth

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type listInput struct {
	App string `json:"app,omitempty" jsonschema:"the ID of one app, such as a123456CNTRL, to show it alone"`
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
		Name:       name,
		Title:      "List OAuth apps",
		Group:      group,
		Operations: []string{"listOAuthApps", "getOAuthApp"},
		Class:      grant.Read,
		Description: "Lists the tailnet's OAuth apps, third parties that users can grant access to: ID, name, description, redirect URIs, scopes, and the node attributes that an app may set. " +
			"Give app to show one alone. Secrets are never shown. OAuth clients, with which programs of the tailnet's own call the API, are in list_keys. One call to the Tailscale API.",
		Narrow: "give app, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if in.App != "" {
			o, err := a.get(ctx, in.App)
			if err != nil {
				return listOutput{}, err
			}
			shown, err := kind.One(in.Fields, o)
			if err != nil {
				return listOutput{}, err
			}
			return listOutput{[]tool.Object{shown}, tool.Listed{Total: 1, Returned: 1}}, nil
		}
		all, err := a.all(ctx)
		if err != nil {
			return listOutput{}, err
		}
		shown, listed, err := kind.List(call, in.Paging, in.Fields, name, all)
		return listOutput{shown, listed}, err
	})
}

func (a *apps) resource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://oauth-apps",
		Name:        "oauth-apps",
		Title:       "OAuth apps",
		Description: "All OAuth apps of the tailnet, with the fields of list_oauth_apps and without secrets.",
		MIMEType:    "application/json",
		Narrow:      "use list_oauth_apps, which has pages",
		Read: func(ctx context.Context, _ string) (string, error) {
			all, err := a.all(ctx)
			if err != nil {
				return "", err
			}
			shown, err := kind.All(nil, all)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(listOutput{shown, tool.Listed{Total: len(shown), Returned: len(shown)}})
			return string(text), err
		},
	}
}
