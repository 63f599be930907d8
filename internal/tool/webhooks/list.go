// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type listInput struct {
	Webhook string `json:"webhook,omitempty" jsonschema:"this one alone, by endpointId"`
	tool.Selection
}

type listOutput struct {
	Webhooks []tool.Object `json:"webhooks" jsonschema:"the webhooks; an empty providerType is the format of Tailscale, an empty creatorLoginName an OAuth client"`
}

func (w *webhooks) list() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "list_webhooks",
		Title:       "List webhooks",
		Group:       group,
		Operations:  []string{"listWebhooks", "getWebhook"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{}`),
		Fields:      kind.Fields(),
		Description: "Lists webhooks, the URLs that Tailscale sends events to, without secrets: of chat services' URLs the host alone.",
		Narrow:      "name one webhook or ask for fewer fields",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		shown, err := kind.AllOrOne(ctx, tool.Query{
			ID: in.Webhook, All: w.all, Fields: in.Fields,
			One: func(ctx context.Context, id string) (tsapi.Object, error) {
				o, _, err := w.get(ctx, id)
				return o, err
			},
		})
		return listOutput{shown}, err
	})
}

func (w *webhooks) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://webhooks",
		Name:        "webhooks",
		Title:       "Webhooks",
		Description: "All webhooks of the tailnet, with the fields of list_webhooks.",
		Narrow:      "use list_webhooks for one webhook or fewer fields",
	}, func(ctx context.Context, _ string) (any, error) {
		found, err := w.all(ctx)
		if err != nil {
			return nil, err
		}
		shown, err := kind.All(nil, found)
		return listOutput{shown}, err
	})
}
