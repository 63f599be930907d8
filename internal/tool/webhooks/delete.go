// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type confirmedInput struct {
	Webhook string `json:"webhook" jsonschema:"its endpointId, such as 123456"`
	tool.Confirmation
}

func (w *webhooks) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_webhook",
		Title:       "Delete a webhook",
		Group:       group,
		Target:      "webhook",
		Operations:  []string{"getWebhook", "deleteWebhook"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"webhook":"123456"}`),
		Description: "Removes a webhook and its secret. To end some of its events only: update_webhook.",
	}, w.api, func(ctx context.Context, _ tool.Call, in confirmedInput) (tool.Removal, error) {
		o, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return tool.Removal{}, err
		}
		shown, err := kind.One(nil, o)
		return tool.Removal{
			ID: id, Given: in.Confirmation, Name: id, Previous: shown,
			Effect:  "removes the webhook " + id + " to " + address(o) + ", which gets no more events, and its secret for good",
			Request: tsapi.Request{Op: "deleteWebhook", Params: []string{id}},
		}, err
	})
}
