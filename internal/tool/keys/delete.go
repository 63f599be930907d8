// SPDX-License-Identifier: MIT

package keys

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/users/login"
	"tailscale-mcp/internal/tsapi"
)

type deleteInput struct {
	Key string `json:"key" jsonschema:"ID, such as k123456CNTRL"`
	tool.Confirmation
}

func (k *keys) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_key",
		Title:       "Revoke a key or trust credential",
		Group:       group,
		Target:      "key",
		Operations:  []string{"getKey", "deleteKey"},
		Optional:    []string{login.Operation},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"key":"kAuth1CNTRL"}`),
		Description: "Revokes an auth key, trust credential or API access token for good: what uses it is refused. Devices that joined with it stay.",
	}, k.api, func(ctx context.Context, _ tool.Call, in deleteInput) (tool.Removal, error) {
		previous, err := k.unrevoked(ctx, in.Key)
		if err != nil {
			return tool.Removal{}, err
		}
		effect := "revokes the " + called(previous, in.Key) + " for good, and whatever uses it stops working" + k.stake(ctx, previous)
		if k.api.Uses(in.Key) {
			effect += "; it is the credential of this very server, whose tools that ask the Tailscale API fail from then on until an administrator gives it another"
		}
		shown, err := kind.One(nil, previous)
		return tool.Removal{
			ID: in.Key, Given: in.Confirmation, Name: in.Key, Effect: effect, Previous: shown,
			Request: tsapi.Request{Op: "deleteKey", Params: []string{in.Key}, Scope: scopes[previous.Text("keyType")]},
		}, err
	})
}
