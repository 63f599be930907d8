// SPDX-License-Identifier: MIT

package keys

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type deleteInput struct {
	Key string `json:"key" jsonschema:"the ID of the key, such as k123456CNTRL, as list_keys shows it"`
	tool.Confirmation
}

type deleteOutput struct {
	Deleted  string      `json:"deleted" jsonschema:"the ID of the key that was revoked"`
	Previous tool.Object `json:"previous" jsonschema:"the key as it was"`
}

func (k *keys) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_key",
		Title:      "Revoke a key or trust credential",
		Group:      group,
		Operations: []string{"getKey", "deleteKey"},
		Class:      grant.Destructive,
		Idempotent: true,
		Description: "Revokes an auth key, an OAuth client, a federated identity or an API access token for good. Whatever uses it is refused from then on; devices that joined with an auth key stay. " +
			"When it is the credential that this server itself uses, the refusal says so: then all tools that ask the API stop working. " +
			"Set confirm to the key's ID. Answers with the key as it was. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in deleteInput) (deleteOutput, error) {
		previous, err := k.unrevoked(ctx, in.Key)
		if err != nil {
			return deleteOutput{}, err
		}
		effect := "revokes the " + called(previous, in.Key) + " for good, and whatever uses it stops working"
		if k.api.Uses(in.Key) {
			effect += "; it is the credential of this very server, whose tools that ask the Tailscale API fail from then on until an administrator gives it another"
		}
		if err := call.Confirm(in.Confirmation, in.Key, effect); err != nil {
			return deleteOutput{}, err
		}
		r := tailnet.Request{Op: "deleteKey", Params: []string{in.Key}, Scope: scopes[previous.Text("keyType")]}
		if err := k.api.Do(ctx, r); err != nil {
			return deleteOutput{}, err
		}
		out := deleteOutput{Deleted: in.Key}
		out.Previous, err = kind.One(nil, previous)
		return out, err
	})
}
