// SPDX-License-Identifier: MIT

package keys

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type deleteInput struct {
	Key string `json:"key" jsonschema:"the ID of the key, such as k123456CNTRL, as list_keys shows it"`
	tool.Confirmation
}

func (k *keys) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:       "delete_key",
		Title:      "Revoke a key or trust credential",
		Group:      group,
		Target:     "key",
		Operations: []string{"getKey", "deleteKey"},
		Class:      grant.Destructive,
		Idempotent: true,
		Example:    json.RawMessage(`{"key":"kAuth1CNTRL"}`),
		Description: "Revokes an auth key, an OAuth client, a federated identity or an API access token for good. Whatever uses it is refused from then on; devices that joined with an auth key stay. " +
			"When it is the credential that this server itself uses, the refusal says so: then all tools that ask the API stop working. " +
			"Needs confirm. Answers with the key as it was. Two calls to the Tailscale API.",
	}, k.api, func(ctx context.Context, _ tool.Call, in deleteInput) (tool.Removal, error) {
		previous, err := k.unrevoked(ctx, in.Key)
		if err != nil {
			return tool.Removal{}, err
		}
		effect := "revokes the " + called(previous, in.Key) + " for good, and whatever uses it stops working" + stake(previous)
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
