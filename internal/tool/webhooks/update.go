// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type updateInput struct {
	Webhook       string   `json:"webhook" jsonschema:"the webhook: its endpointId, such as 123456"`
	Subscriptions []string `json:"subscriptions" jsonschema:"all events to send from now on; those that are not named are no longer sent" enum:"nodeCreated,nodeNeedsApproval,nodeApproved,nodeKeyExpiringInOneDay,nodeKeyExpired,nodeDeleted,nodeSigned,nodeNeedsSignature,policyUpdate,userCreated,userNeedsApproval,userSuspended,userRestored,userDeleted,userApproved,userRoleUpdated,subnetIPForwardingNotEnabled,exitNodeIPForwardingNotEnabled,categoryTailnetManagement,categoryDeviceMisconfigurations"`
}

type updateOutput struct {
	Webhook  tool.Object `json:"webhook" jsonschema:"the webhook as it is now"`
	Previous []string    `json:"previous" jsonschema:"the events that it was sent before"`
}

func (w *webhooks) update() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "update_webhook",
		Title:      "Change the events of a webhook",
		Group:      group,
		Operations: []string{"getWebhook", "updateWebhook"},
		Class:      grant.Write,
		Idempotent: true,
		Description: "Replaces the list of events that one webhook is sent. To add an event, read the webhook with list_webhooks and give its events with the new one. " +
			"Answers with the webhook and with the events before. The URL and the format cannot be changed: create another webhook for that. Two calls to the Tailscale API.",
	}, func(ctx context.Context, _ tool.Call, in updateInput) (updateOutput, error) {
		events, err := distinct(in.Subscriptions)
		if err != nil {
			return updateOutput{}, err
		}
		before, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return updateOutput{}, err
		}
		now, err := w.api.Object(ctx, tailnet.Request{
			Op: "updateWebhook", Params: []string{id}, Body: map[string]any{"subscriptions": events},
		})
		if err != nil {
			return updateOutput{}, err
		}
		shown, err := one(nil, now)
		return updateOutput{shown, subscriptions(before)}, err
	})
}

type testInput struct {
	Webhook string `json:"webhook" jsonschema:"the webhook: its endpointId, such as 123456"`
}

type testOutput struct {
	Webhook     string `json:"webhook" jsonschema:"the endpointId"`
	EndpointURL string `json:"endpointUrl" jsonschema:"where the event is sent to"`
	Queued      bool   `json:"queued" jsonschema:"Tailscale has taken the event to send; whether it arrives is not known"`
}

// Not idempotent: each call sends another event.
func (w *webhooks) test() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "test_webhook",
		Title:      "Send a test event to a webhook",
		Group:      group,
		Operations: []string{"getWebhook", "testWebhook"},
		Class:      grant.Write,
		Description: "Has Tailscale send one event of the type test to the URL of a webhook. The event is queued and goes out within seconds; " +
			"whether it arrived is seen only by who gets it. Use it after create_webhook or rotate_webhook_secret. Two calls to the Tailscale API.",
	}, func(ctx context.Context, _ tool.Call, in testInput) (testOutput, error) {
		o, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return testOutput{}, err
		}
		if err := w.api.Do(ctx, tailnet.Request{Op: "testWebhook", Params: []string{id}}); err != nil {
			return testOutput{}, err
		}
		return testOutput{id, address(o), true}, nil
	})
}
