// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type testInput struct {
	Webhook string `json:"webhook" jsonschema:"its endpointId, such as 123456"`
}

type testOutput struct {
	Webhook     string `json:"webhook" jsonschema:"the endpointId"`
	EndpointURL string `json:"endpointUrl" jsonschema:"where the event is sent to"`
	Queued      bool   `json:"queued" jsonschema:"Tailscale has taken the event to send; whether it arrives is not known"`
}

// Not idempotent: each call sends another event.
func (w *webhooks) test() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "test_webhook",
		Title:       "Send a test event to a webhook",
		Group:       group,
		Target:      "webhook",
		Operations:  []string{"getWebhook", "testWebhook"},
		Class:       grant.Write,
		Outside:     true,
		Example:     json.RawMessage(`{"webhook":"123456"}`),
		Description: "Sends a test event to a webhook's URL. Whether it arrives, only the receiver sees.",
	}, func(ctx context.Context, _ tool.Call, in testInput) (testOutput, error) {
		o, id, err := w.get(ctx, in.Webhook)
		if err != nil {
			return testOutput{}, err
		}
		if err := w.api.Do(ctx, tsapi.Request{Op: "testWebhook", Params: []string{id}}); err != nil {
			return testOutput{}, err
		}
		return testOutput{id, address(o), true}, nil
	})
}
