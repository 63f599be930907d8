// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type confirmedInput struct {
	Webhook string `json:"webhook" jsonschema:"the webhook: its endpointId, such as 123456"`
	tool.Confirmation
}

type deleteOutput struct {
	Deleted tool.Object `json:"deleted" jsonschema:"the webhook as it was"`
}

func (w *webhooks) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_webhook",
		Title:      "Delete a webhook",
		Group:      group,
		Operations: []string{"getWebhook", "deleteWebhook"},
		Class:      grant.Destructive,
		Description: "Removes one webhook: its URL gets no more events, and its secret is gone for good. Answers with the webhook as it was. " +
			"To end only some events use update_webhook. The argument confirm is the endpointId. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in confirmedInput) (deleteOutput, error) {
		o, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return deleteOutput{}, err
		}
		if err := call.Confirm(in.Confirmation, id, "removes the webhook "+id+" to "+address(o)+", which gets no more events, and its secret for good"); err != nil {
			return deleteOutput{}, err
		}
		if err := w.api.Do(ctx, tailnet.Request{Op: "deleteWebhook", Params: []string{id}}); err != nil {
			return deleteOutput{}, err
		}
		was, err := one(nil, o)
		return deleteOutput{was}, err
	})
}

// Not idempotent: each call makes the secret before it worthless.
func (w *webhooks) rotate() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "rotate_webhook_secret",
		Title:      "Replace the secret of a webhook",
		Group:      group,
		Operations: []string{"getWebhook", "rotateWebhookSecret"},
		Class:      grant.Destructive,
		Description: "Makes a new secret for one webhook, which signs its events from then on, and answers with it: it is shown this once. " +
			"Who gets the events refuses them until it knows the new secret; when the old one ends is not documented. " +
			"The argument confirm is the endpointId. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in confirmedInput) (secretOutput, error) {
		o, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return secretOutput{}, err
		}
		if err := call.Confirm(in.Confirmation, id, "replaces the secret of the webhook "+id+" to "+address(o)+", and the old one is gone for good"); err != nil {
			return secretOutput{}, err
		}
		now, err := w.api.Object(ctx, tailnet.Request{Op: "rotateWebhookSecret", Params: []string{id}})
		if err != nil {
			return secretOutput{}, err
		}
		var out secretOutput
		out.Webhook, out.Secret, out.Note, err = withSecret(now)
		return out, err
	})
}
