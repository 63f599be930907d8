// SPDX-License-Identifier: MIT

package posture

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type deleteInput struct {
	Integration string `json:"integration" jsonschema:"its ID, such as pcBEPQVMpki7DEVEL"`
	tool.Confirmation
}

func (p *posture) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_posture_integration",
		Title:       "Delete a posture integration",
		Group:       group,
		Target:      "integration",
		Operations:  []string{"getPostureIntegration", "deletePostureIntegration"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"integration":"pFalconDEVEL"}`),
		Description: "Removes a posture integration and its secret. What it reported goes stale, and access that depends on it may be refused.",
	}, p.api, func(ctx context.Context, _ tool.Call, in deleteInput) (tool.Removal, error) {
		before, err := p.get(ctx, in.Integration)
		if err != nil {
			return tool.Removal{}, err
		}
		provider := before.Text("provider")
		shown, err := kind.One(nil, before)
		return tool.Removal{
			ID: in.Integration, Given: in.Confirmation, Name: provider, Previous: shown,
			Effect:  "removes the posture integration of " + provider + " with its secret; access that depends on what it reports may be refused",
			Request: tsapi.Request{Op: "deletePostureIntegration", Params: []string{in.Integration}},
		}, err
	})
}
