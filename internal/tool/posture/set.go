// SPDX-License-Identifier: MIT

package posture

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	Integration  string  `json:"integration,omitempty" jsonschema:"ID of the one to change"`
	Provider     string  `json:"provider,omitempty" jsonschema:"for a new one" enum:"falcon,intune,jamfpro,kandji,kolide,sentinelone"`
	CloudID      *string `json:"cloudId,omitempty" jsonschema:"falcon: us-1, us-2, eu-1 or us-gov; intune: global or us-gov; jamfpro, kandji, sentinelone: your host name there"`
	ClientID     *string `json:"clientId,omitempty" jsonschema:"intune: application UUID; falcon, jamfpro: client ID"`
	TenantID     *string `json:"tenantId,omitempty" jsonschema:"intune only"`
	ClientSecret string  `json:"clientSecret,omitempty" jsonschema:"secret or token of the provider; a new one needs it"`
	tool.Confirmation
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
		Target:     "integration provider",
		Operations: []string{"getPostureIntegrations", "getPostureIntegration", "createPostureIntegration", "updatePostureIntegration"},
		// Access rules rely on what a provider says of devices.
		Class:   grant.Escalating,
		Outside: true,
		Example: json.RawMessage(`{"provider":"kolide","clientSecret":"a-secret"}`),
		Description: "Adds a device posture integration, or changes the one that integration names: what is left out stays. " +
			"The secret passes through this conversation.",
	}, func(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
		if in.Integration == "" {
			return p.create(ctx, call, in)
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
		provider := before.Text("provider")
		if err := call.Confirm(in.Confirmation, provider, fmt.Sprintf("changes the posture integration of %.80q, which tells access rules of devices: %s", provider, in.difference(before))); err != nil {
			return setOutput{}, err
		}
		now, err := p.api.Object(ctx, tsapi.Request{Op: "updatePostureIntegration", Params: []string{in.Integration}, Body: body, Secrets: []string{in.ClientSecret}})
		if err != nil {
			return setOutput{}, err
		}
		shown, err := kind.All(nil, []tsapi.Object{before, now})
		if err != nil {
			return setOutput{}, err
		}
		return setOutput{shown[0], shown[1]}, nil
	})
}

// difference says what the given fields are now and become.
func (in setInput) difference(before tsapi.Object) string {
	var changes []string
	for _, f := range []struct {
		name  string
		value *string
	}{{"cloudId", in.CloudID}, {"clientId", in.ClientID}, {"tenantId", in.TenantID}} {
		if f.value != nil && *f.value != before.Text(f.name) {
			changes = append(changes, fmt.Sprintf("%s from %q to %q", f.name, tool.Clip(before.Text(f.name)), *f.value))
		}
	}
	if in.ClientSecret != "" {
		changes = append(changes, "another secret")
	}
	if len(changes) == 0 {
		return "nothing that is given differs from what it has"
	}
	return strings.Join(changes, ", ")
}

func (p *posture) create(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
	if in.Provider == "" || in.ClientSecret == "" {
		return setOutput{}, tool.Invalidf("give provider and clientSecret, or the ID of the integration to change", "a new integration needs a provider and its secret")
	}
	there, err := p.all(ctx)
	if err != nil {
		return setOutput{}, err
	}
	for _, o := range there {
		if o.Text("provider") == in.Provider {
			return setOutput{}, &tsapi.Error{
				Code:    failure.Conflict,
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
	effect := "has " + in.Provider + " tell access rules of devices from now on"
	for _, from := range []struct {
		what  string
		given *string
	}{{"cloud ID", in.CloudID}, {"tenant ID", in.TenantID}, {"client ID", in.ClientID}} {
		if from.given != nil {
			effect += fmt.Sprintf("; %s: %q", from.what, *from.given)
		}
	}
	if err := call.Confirm(in.Confirmation, in.Provider, effect); err != nil {
		return setOutput{}, err
	}
	now, err := p.api.Object(ctx, tsapi.Request{Op: "createPostureIntegration", Body: body, Secrets: []string{in.ClientSecret}})
	if err != nil {
		return setOutput{}, err
	}
	shown, err := kind.One(nil, now)
	return setOutput{Integration: shown}, err
}
