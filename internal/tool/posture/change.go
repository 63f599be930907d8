// SPDX-License-Identifier: MIT

package posture

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type setInput struct {
	Integration  string  `json:"integration,omitempty" jsonschema:"ID of the integration to change; absent makes a new one"`
	Provider     string  `json:"provider,omitempty" jsonschema:"for a new one: who reports; there is one integration per provider" enum:"falcon,intune,jamfpro,kandji,kolide,sentinelone"`
	CloudID      *string `json:"cloudId,omitempty" jsonschema:"falcon: us-1, us-2, eu-1 or us-gov; intune: global or us-gov; jamfpro, kandji, sentinelone: your host name there; kolide: leave out"`
	ClientID     *string `json:"clientId,omitempty" jsonschema:"intune: application UUID; falcon and jamfpro: client ID; others: leave out"`
	TenantID     *string `json:"tenantId,omitempty" jsonschema:"intune: the directory's tenant ID"`
	ClientSecret string  `json:"clientSecret,omitempty" jsonschema:"the secret or token of the provider; required for a new one, kept when left out of a change; never shown again"`
}

type setOutput struct {
	Previous    tool.Object `json:"previous,omitempty" jsonschema:"the integration before the change; absent for a new one"`
	Integration tool.Object `json:"integration" jsonschema:"the integration now"`
}

func (p *posture) set() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "set_posture_integration",
		Title:      "Add or change a posture integration",
		Group:      group,
		Operations: []string{"getPostureIntegrations", "getPostureIntegration", "createPostureIntegration", "updatePostureIntegration"},
		Class:      grant.Write,
		Description: "Adds a device posture integration (provider and clientSecret, with cloudId, clientId and tenantId as the provider needs them), or changes the one named by integration: " +
			"what is left out stays as it is, the secret too. The secret passes through this conversation; rotate it at the provider if that matters. Two calls to the Tailscale API.",
	}, func(ctx context.Context, _ tool.Call, in setInput) (setOutput, error) {
		if in.Integration == "" {
			return p.create(ctx, in)
		}
		if in.Provider != "" {
			return setOutput{}, tool.Invalidf("leave provider out, or leave integration out to add a new one", "the provider of an integration does not change")
		}
		if in.CloudID == nil && in.ClientID == nil && in.TenantID == nil && in.ClientSecret == "" {
			return setOutput{}, tool.Invalidf("give at least one of cloudId, clientId, tenantId and clientSecret", "there is nothing to change")
		}
		before, err := p.get(ctx, in.Integration)
		if err != nil {
			return setOutput{}, err
		}
		// Only the secret is documented to survive being left out.
		body := map[string]string{}
		for name, value := range map[string]*string{"cloudId": in.CloudID, "clientId": in.ClientID, "tenantId": in.TenantID} {
			if value != nil {
				body[name] = *value
			} else if text := before.Text(name); text != "" {
				body[name] = text
			}
		}
		if in.ClientSecret != "" {
			body["clientSecret"] = in.ClientSecret
		}
		now, err := p.api.Object(ctx, tailnet.Request{Op: "updatePostureIntegration", Params: []string{in.Integration}, Body: body, Secrets: []string{in.ClientSecret}})
		if err != nil {
			return setOutput{}, err
		}
		shown, err := kind.All(nil, []tailnet.Object{before, now})
		if err != nil {
			return setOutput{}, err
		}
		return setOutput{shown[0], shown[1]}, nil
	})
}

func (p *posture) create(ctx context.Context, in setInput) (setOutput, error) {
	if in.Provider == "" || in.ClientSecret == "" {
		return setOutput{}, tool.Invalidf("give provider and clientSecret, or the ID of the integration to change", "a new integration needs a provider and its secret")
	}
	there, err := p.all(ctx)
	if err != nil {
		return setOutput{}, err
	}
	for _, o := range there {
		if o.Text("provider") == in.Provider {
			return setOutput{}, &tailnet.Error{
				Code:    tailnet.CodeConflict,
				Message: "there is an integration of " + in.Provider + " already, and there can be one of each provider",
				Next:    fmt.Sprintf("change it: set integration to %q", o.Text("id")),
			}
		}
	}
	body := map[string]string{"provider": in.Provider, "clientSecret": in.ClientSecret}
	for name, value := range map[string]*string{"cloudId": in.CloudID, "clientId": in.ClientID, "tenantId": in.TenantID} {
		if value != nil {
			body[name] = *value
		}
	}
	now, err := p.api.Object(ctx, tailnet.Request{Op: "createPostureIntegration", Body: body, Secrets: []string{in.ClientSecret}})
	if err != nil {
		return setOutput{}, err
	}
	shown, err := kind.One(kind.Listed, now)
	return setOutput{Integration: shown}, err
}

type deleteInput struct {
	Integration string `json:"integration" jsonschema:"ID of the integration, such as pcBEPQVMpki7DEVEL"`
	tool.Confirmation
}

type deleteOutput struct {
	Deleted tool.Object `json:"deleted" jsonschema:"the integration as it was"`
}

func (p *posture) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_posture_integration",
		Title:      "Delete a posture integration",
		Group:      group,
		Operations: []string{"getPostureIntegration", "deletePostureIntegration"},
		Class:      grant.Destructive,
		Description: "Removes a device posture integration. Its secret is lost, what it reported about devices goes stale, and policy conditions on that may refuse them. " +
			"The argument confirm is the provider, such as intune. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in deleteInput) (deleteOutput, error) {
		before, err := p.get(ctx, in.Integration)
		if err != nil {
			return deleteOutput{}, err
		}
		provider := before.Text("provider")
		if err := call.Confirm(in.Confirmation, provider, "removes the posture integration of "+provider+" with its secret; access that depends on what it reports may be refused"); err != nil {
			return deleteOutput{}, err
		}
		if err := p.api.Do(ctx, tailnet.Request{Op: "deletePostureIntegration", Params: []string{in.Integration}}); err != nil {
			return deleteOutput{}, err
		}
		shown, err := kind.One(kind.Listed, before)
		return deleteOutput{shown}, err
	})
}
