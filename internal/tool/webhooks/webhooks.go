// SPDX-License-Identifier: MIT

// Package webhooks has the tools about webhooks, the addresses to which Tailscale
// sends events of the tailnet (https://tailscale.com/api#tag/webhooks). It imports
// tool, grant and tailnet; errors of the API pass through with their codes.
package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "webhooks"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the group.
func Tools(api API) tool.Set {
	w := &webhooks{api}
	return tool.Set{
		Tools:     []tool.Tool{w.list(), w.create(), w.update(), w.remove(), w.test(), w.rotate()},
		Resources: []tool.Resource{w.resource()},
	}
}

type webhooks struct{ api API }

// kind never shows the secret: the tools that make one answer with it in a field of
// its own.
var kind = tool.Kind{
	ID:         "endpointId",
	Listed:     []string{"endpointId", "endpointUrl", "providerType", "subscriptions", "creatorLoginName", "lastModified"},
	Documented: []string{"created"},
	Secret:     []string{"secret"},
	Masked:     map[string]func(tsapi.Object) string{"endpointUrl": address},
}

// shownOnce is said beside every secret.
const shownOnce = "shown this once: store it now; it cannot be read again"

// noSecret is said when the API made a secret and did not tell it.
const noSecret = "the Tailscale API answered without a secret; do not repeat the call: rotate_webhook_secret makes another"

// withSecret returns a webhook without its secret, and the secret with a note.
func withSecret(o tsapi.Object) (shown tool.Object, secret, note string, err error) {
	shown, err = kind.One(nil, o)
	if secret = o.Text("secret"); secret == "" {
		return shown, "", noSecret, err
	}
	return shown, secret, shownOnce, err
}

// get reads one webhook. A change reads it first: after a wrong ID nothing else is
// sent.
func (w *webhooks) get(ctx context.Context, id string) (o tsapi.Object, trimmed string, err error) {
	id = strings.TrimSpace(id)
	o, err = w.api.Object(ctx, tsapi.Request{Op: "getWebhook", Params: []string{id}})
	return o, id, err
}

func (w *webhooks) all(ctx context.Context) ([]tsapi.Object, error) {
	return w.api.List(ctx, tsapi.Request{Op: "listWebhooks"}, "webhooks")
}

// all lists events for a sentence, in the words of the API.
func all(events []string) string {
	var shown []string
	for _, e := range events {
		shown = append(shown, fmt.Sprintf("%.80q", e))
	}
	return strings.Join(shown, ", ")
}

// subscriptions are the events that a webhook is sent; nil when they cannot be
// read.
func subscriptions(o tsapi.Object) []string {
	value, ok := o.Field("subscriptions")
	var events []string
	if !ok || json.Unmarshal(value, &events) != nil {
		return nil
	}
	return events
}
