// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// Not idempotent: each call makes the secret before it worthless.
func (w *webhooks) rotate() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "rotate_webhook_secret",
		Title:       "Replace the secret of a webhook",
		Group:       group,
		Target:      "webhook",
		Operations:  []string{"getWebhook", "rotateWebhookSecret"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"webhook":"123456"}`),
		Description: "Makes a new secret to sign a webhook's events, which is in this answer only. The receiver refuses events until it knows it.",
	}, func(ctx context.Context, call tool.Call, in confirmedInput) (secretOutput, error) {
		o, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return secretOutput{}, err
		}
		if err := call.Confirm(in.Confirmation, id, "replaces the secret of the webhook "+id+" to "+address(o)+", and the old one is gone for good"); err != nil {
			return secretOutput{}, err
		}
		now, err := w.api.Object(ctx, tsapi.Request{Op: "rotateWebhookSecret", Params: []string{id}})
		if err != nil {
			return secretOutput{}, err
		}
		var out secretOutput
		out.Webhook, out.Secret, out.Note, err = withSecret(now)
		return out, err
	})
}
