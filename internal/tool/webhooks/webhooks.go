// SPDX-License-Identifier: MIT

// Package webhooks has the tools about webhooks, the addresses to which Tailscale
// sends events of the tailnet (https://tailscale.com/api#tag/webhooks). It imports
// tool, grant and tailnet; errors of the API pass through with their codes.
package webhooks

import (
	"context"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "webhooks"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	w := &webhooks{api}
	return tool.Set{
		Tools:     []tool.Tool{w.list(), w.create(), w.update(), w.remove(), w.test(), w.rotate()},
		Resources: []tool.Resource{w.resource()},
	}
}

type webhooks struct{ api *tailnet.API }

// kind never shows the secret: the tools that make one answer with it beside the
// webhook, where it is seen for what it is.
var kind = tool.Kind{
	ID:         "endpointId",
	Listed:     []string{"endpointId", "endpointUrl", "providerType", "subscriptions", "creatorLoginName", "lastModified"},
	Documented: []string{"created"},
	Secret:     []string{"secret"},
}

// shownOnce is said beside every secret.
const shownOnce = "shown this once: store it now; it cannot be read again"

// noSecret is said when the API made a secret and did not tell it.
const noSecret = "the Tailscale API answered without a secret; do not repeat the call: rotate_webhook_secret makes another"

// withSecret parts a webhook as it came from its secret.
func withSecret(o tailnet.Object) (shown tool.Object, secret, note string, err error) {
	shown, err = one(nil, o)
	if secret = o.Text("secret"); secret == "" {
		return shown, "", noSecret, err
	}
	return shown, secret, shownOnce, err
}

// get reads the webhook that a change is about to touch: with a wrong ID nothing
// else is sent.
func (w *webhooks) get(ctx context.Context, id string) (o tailnet.Object, trimmed string, err error) {
	id = strings.TrimSpace(id)
	o, err = w.api.Object(ctx, tailnet.Request{Op: "getWebhook", Params: []string{id}})
	return o, id, err
}

func (w *webhooks) all(ctx context.Context) ([]tailnet.Object, error) {
	return w.api.List(ctx, tailnet.Request{Op: "listWebhooks"}, "webhooks")
}

// subscriptions are the events that a webhook is sent; nil when they cannot be
// read.
func subscriptions(o tailnet.Object) []string {
	value, ok := o.Field("subscriptions")
	var events []string
	if !ok || json.Unmarshal(value, &events) != nil {
		return nil
	}
	return events
}
