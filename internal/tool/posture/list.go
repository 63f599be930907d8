// SPDX-License-Identifier: MIT

package posture

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type listInput struct {
	Integration string `json:"integration,omitempty" jsonschema:"this one alone, by ID"`
	tool.Selection
}

type listOutput struct {
	Integrations []tool.Object `json:"integrations" jsonschema:"the integrations; status is absent before the first synchronisation"`
}

func (p *posture) list() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "list_posture_integrations",
		Title:       "List posture integrations",
		Group:       group,
		Operations:  []string{"getPostureIntegrations", "getPostureIntegration"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{}`),
		Fields:      kind.Fields(),
		Description: "Lists the services that report the posture of devices (Intune, Kolide, …): last synchronisation, devices matched, last error.",
		Narrow:      "name one integration or ask for fewer fields",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		shown, err := kind.AllOrOne(ctx, tool.Query{ID: in.Integration, One: p.get, All: p.all, Fields: in.Fields})
		return listOutput{shown}, err
	})
}

func (p *posture) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://posture-integrations",
		Name:        "posture-integrations",
		Title:       "Posture integrations",
		Description: "The device posture integrations of the tailnet and how their last synchronisation went.",
	}, func(ctx context.Context, _ string) (any, error) {
		found, err := p.all(ctx)
		if err != nil {
			return nil, err
		}
		shown, err := kind.All(nil, found)
		return listOutput{shown}, err
	})
}
