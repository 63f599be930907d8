// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type listInput struct {
	Webhook string `json:"webhook,omitempty" jsonschema:"show only this one: its endpointId, such as 123456"`
	tool.Selection
}

type listOutput struct {
	Webhooks []tool.Object `json:"webhooks" jsonschema:"the webhooks; an empty providerType is the format of Tailscale, an empty creatorLoginName an OAuth client"`
}

func (w *webhooks) list() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "list_webhooks",
		Title:      "List webhooks",
		Group:      group,
		Operations: []string{"listWebhooks", "getWebhook"},
		Class:      grant.Read,
		Description: "Lists the webhooks of the tailnet, the URLs to which Tailscale sends its events: endpointId, endpointUrl, providerType, subscriptions (the events), " +
			"creatorLoginName and lastModified. With webhook it shows that one with all fields. Use it to find the endpointId that the other webhook tools need. " +
			"The secrets that sign the events cannot be read, and of URLs that are secrets themselves, those of chat services, the host alone is shown, and of no URL the query. One call to the Tailscale API.",
		Narrow: "name one webhook or ask for fewer fields",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		if in.Webhook != "" {
			o, _, err := w.get(ctx, in.Webhook)
			if err != nil {
				return listOutput{}, err
			}
			shown, err := one(in.Fields, o)
			return listOutput{[]tool.Object{shown}}, err
		}
		found, err := w.all(ctx)
		if err != nil {
			return listOutput{}, err
		}
		shown, err := list(in.Fields, found)
		return listOutput{shown}, err
	})
}

func (w *webhooks) resource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://webhooks",
		Name:        "webhooks",
		Title:       "Webhooks",
		Description: "All webhooks of the tailnet, with the fields of list_webhooks.",
		MIMEType:    "application/json",
		Narrow:      "use list_webhooks for one webhook or fewer fields",
		Read: func(ctx context.Context, _ string) (string, error) {
			found, err := w.all(ctx)
			if err != nil {
				return "", err
			}
			shown, err := list(nil, found)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(listOutput{shown})
			return string(text), err
		},
	}
}
