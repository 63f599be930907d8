// SPDX-License-Identifier: MIT

package settings

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type getOutput struct {
	Settings tool.Object `json:"settings" jsonschema:"the settings; what the API credential may not read is absent"`
}

func get(api API) tool.Tool {
	return tool.New(tool.Definition{
		Name: "get_settings", Title: "Show the tailnet settings", Group: group, Class: grant.Read,
		Operations:  []string{"getTailnetSettings"},
		Example:     json.RawMessage(`{}`),
		Description: "Shows the settings of the tailnet that the credential may read: approval, key expiry, flow logs, HTTPS and more.",
	}, func(ctx context.Context, _ tool.Call, _ struct{}) (getOutput, error) {
		o, err := api.Settings(ctx)
		return getOutput{tool.Whole(o)}, err
	})
}
