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
	Webhook       string   `json:"webhook" jsonschema:"the webhook: its endpointId, such as 123456"`
	Subscriptions []string `json:"subscriptions" jsonschema:"all events to send from now on; those that are not named are no longer sent" enum:"nodeCreated,nodeNeedsApproval,nodeApproved,nodeKeyExpiringInOneDay,nodeKeyExpired,nodeDeleted,nodeSigned,nodeNeedsSignature,policyUpdate,userCreated,userNeedsApproval,userSuspended,userRestored,userDeleted,userApproved,userRoleUpdated,subnetIPForwardingNotEnabled,exitNodeIPForwardingNotEnabled,categoryTailnetManagement,categoryDeviceMisconfigurations"`
	tool.Confirmation
}

type updateOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the webhook before, with the events that it was sent"`
	Webhook  tool.Object `json:"webhook" jsonschema:"the webhook as it is now"`
}

func (w *webhooks) update() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "update_webhook",
		Title:      "Change the events of a webhook",
		Group:      group,
		Target:     "webhook",
		Operations: []string{"getWebhook", "updateWebhook"},
		Class:      grant.Destructive,
		Outside:    true,
		Idempotent: true,
		Example:    json.RawMessage(`{"webhook":"123456","subscriptions":["nodeDeleted"]}`),
		Description: "Replaces the list of events that one webhook is sent. To add an event, read the webhook with list_webhooks and give its events with the new one. " +
			"Answers with the webhook before and now. The URL and the format cannot be changed: create another webhook for that. " +
			"Needs confirm when it ends some events. Two calls to the Tailscale API.",
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
