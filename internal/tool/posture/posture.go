// SPDX-License-Identifier: MIT

// Package posture has the tools about device posture integrations, the services
// that tell the tailnet about the state of devices
// (https://tailscale.com/api#tag/deviceposture). It imports tool, grant and tailnet;
// errors of the API pass through with their codes.
package posture

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "posture"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	p := &posture{api}
	return tool.Set{
		Tools:     []tool.Tool{p.list(), p.set(), p.remove()},
		Resources: []tool.Resource{p.resource()},
	}
}

type posture struct{ api *tailnet.API }

var kind = tool.Kind{
	ID:     "id",
	Listed: []string{"id", "provider", "cloudId", "clientId", "tenantId", "configUpdated", "status"},
	// The API never sends it; should that change, it stays here.
	Secret: []string{"clientSecret"},
}

func (p *posture) all(ctx context.Context) ([]tailnet.Object, error) {
	return p.api.List(ctx, tailnet.Request{Op: "getPostureIntegrations"}, "integrations")
}

func (p *posture) get(ctx context.Context, id string) (tailnet.Object, error) {
	return p.api.Object(ctx, tailnet.Request{Op: "getPostureIntegration", Params: []string{id}})
}

type listInput struct {
	Integration string `json:"integration,omitempty" jsonschema:"show this one only: its ID, such as pcBEPQVMpki7DEVEL"`
	tool.Selection
}

type listOutput struct {
	Integrations []tool.Object `json:"integrations" jsonschema:"the integrations; status is absent before the first synchronisation"`
}

func (p *posture) list() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "list_posture_integrations",
		Title:      "List posture integrations",
		Group:      group,
		Operations: []string{"getPostureIntegrations", "getPostureIntegration"},
		Class:      grant.Read,
		Description: "Lists the services that report the posture of devices (CrowdStrike Falcon, Intune, Jamf Pro, Kandji, Kolide, SentinelOne): how each is configured, " +
			"when it was last synchronised, how many devices matched, and its last error. Use it when posture attributes of devices are missing or old. One call to the Tailscale API.",
		Narrow: "name one integration or ask for fewer fields",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		var found []tailnet.Object
		var err error
		if in.Integration == "" {
			found, err = p.all(ctx)
		} else {
			found = make([]tailnet.Object, 1)
			found[0], err = p.get(ctx, in.Integration)
		}
		if err != nil {
			return listOutput{}, err
		}
		shown, err := kind.All(in.Fields, found)
		return listOutput{shown}, err
	})
}

func (p *posture) resource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://posture-integrations",
		Name:        "posture-integrations",
		Title:       "Posture integrations",
		Description: "The device posture integrations of the tailnet and how their last synchronisation went.",
		MIMEType:    "application/json",
		Read: func(ctx context.Context, _ string) (string, error) {
			found, err := p.all(ctx)
			if err != nil {
				return "", err
			}
			shown, err := kind.All(nil, found)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(listOutput{shown})
			return string(text), err
		},
	}
}
