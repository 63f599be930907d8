// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type updateInput struct {
	Webhook       string   `json:"webhook" jsonschema:"its endpointId, such as 123456"`
	Subscriptions []string `json:"subscriptions" jsonschema:"all from now on, such as nodeCreated (those of create_webhook)"`
	tool.Confirmation
}

type updateOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the webhook before, with the events that it was sent"`
	Webhook  tool.Object `json:"webhook" jsonschema:"the webhook as it is now"`
}

func (w *webhooks) update() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "update_webhook",
		Title:       "Change the events of a webhook",
		Group:       group,
		Target:      "webhook",
		Operations:  []string{"getWebhook", "updateWebhook"},
		Class:       grant.Destructive,
		Outside:     true,
		Idempotent:  true,
		Example:     json.RawMessage(`{"webhook":"123456","subscriptions":["nodeDeleted"]}`),
		Description: "Replaces the events that a webhook is sent: to add one, give those of list_webhooks too. URL and format cannot be changed.",
	}, func(ctx context.Context, call tool.Call, in updateInput) (updateOutput, error) {
		events, err := distinct(in.Subscriptions)
		if err != nil {
			return updateOutput{}, err
		}
		before, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return updateOutput{}, err
		}
		present := subscriptions(before)
		ended := slices.DeleteFunc(slices.Clone(present), func(e string) bool { return slices.Contains(events, e) })
		effect := "ends these events for the webhook " + id + " to " + address(before) + ": " + all(ended)
		if present == nil {
			effect = "replaces the events for the webhook " + id + " to " + address(before) + ", which could not be read"
		}
		if len(ended) > 0 || present == nil {
			if err := call.Confirm(in.Confirmation, id, effect); err != nil {
				return updateOutput{}, err
			}
		}
		now, err := w.api.Object(ctx, tsapi.Request{
			Op: "updateWebhook", Params: []string{id}, Body: map[string]any{"subscriptions": events},
		})
		if err != nil {
			return updateOutput{}, err
		}
		shown, err := kind.All([]string{"all"}, []tsapi.Object{before, now})
		if err != nil {
			return updateOutput{}, err
		}
		return updateOutput{Previous: shown[0], Webhook: shown[1]}, nil
	})
}
