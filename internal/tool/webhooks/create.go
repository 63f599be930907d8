// SPDX-License-Identifier: MIT

package webhooks

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type createInput struct {
	EndpointURL   string   `json:"endpointUrl" jsonschema:"such as https://example.com/tailscale"`
	Subscriptions []string `json:"subscriptions" enum:"nodeCreated,nodeNeedsApproval,nodeApproved,nodeKeyExpiringInOneDay,nodeKeyExpired,nodeDeleted,nodeSigned,nodeNeedsSignature,policyUpdate,userCreated,userNeedsApproval,userSuspended,userRestored,userDeleted,userApproved,userRoleUpdated,subnetIPForwardingNotEnabled,exitNodeIPForwardingNotEnabled,categoryTailnetManagement,categoryDeviceMisconfigurations"`
	ProviderType  string   `json:"providerType,omitempty" jsonschema:"if the URL is of one" enum:"slack,mattermost,googlechat,discord"`
	tool.Confirmation
}

// secretOutput is the answer of the tools that make a secret.
type secretOutput struct {
	Webhook tool.Object `json:"webhook" jsonschema:"the webhook as it is now"`
	Secret  string      `json:"secret,omitempty" jsonschema:"the secret that signs the events, to be checked by who gets them"`
	Note    string      `json:"note" jsonschema:"what to know about the secret"`
}

// Not idempotent: the API makes another one each time.
func (w *webhooks) create() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_webhook",
		Title:      "Create a webhook",
		Group:      group,
		Target:     "endpointUrl",
		Operations: []string{"listWebhooks", "createWebhook"},
		// It makes a secret, and tells the receiver from then on what happens in the tailnet.
		Class:   grant.Escalating,
		Adds:    true,
		Outside: true,
		Example: json.RawMessage(`{"endpointUrl":"https://example.com/new","subscriptions":["nodeCreated","policyUpdate"],"providerType":"slack"}`),
		Description: "Has Tailscale send events, with the names of devices and users, to a URL from now on: only to one that the person has named. " +
			"The secret that signs them is in this answer only.",
	}, func(ctx context.Context, call tool.Call, in createInput) (secretOutput, error) {
		// The URL is not repeated: the URLs of chat services are secrets.
		u, err := url.Parse(in.EndpointURL)
		if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(in.EndpointURL) > 2048 {
			return secretOutput{}, tool.Invalidf("give a URL such as https://example.com/tailscale", "endpointUrl is no https URL without a password")
		}
		events, err := distinct(in.Subscriptions)
		if err != nil {
			return secretOutput{}, err
		}
		there, err := w.all(ctx)
		if err != nil {
			return secretOutput{}, err
		}
		for _, o := range there {
			if o.Text("endpointUrl") == in.EndpointURL {
				return secretOutput{}, &tsapi.Error{
					Code:    failure.Conflict,
					Message: "nothing was created: the webhook " + o.Text("endpointId") + " sends to this URL already",
					Next:    "change its events with update_webhook",
				}
			}
		}
		effect := "sends these events of the tailnet, with the names of its devices and users, to " + shown(in.EndpointURL, in.ProviderType) + " from now on: " + strings.Join(events, ", ")
		if err := call.Confirm(in.Confirmation, u.Host, effect); err != nil {
			return secretOutput{}, err
		}
		body := map[string]any{"endpointUrl": in.EndpointURL, "subscriptions": events}
		if in.ProviderType != "" {
			body["providerType"] = in.ProviderType
		}
		made, err := w.api.Object(ctx, tsapi.Request{Op: "createWebhook", Body: body, Secrets: []string{in.EndpointURL}})
		if err != nil {
			return secretOutput{}, err
		}
		var out secretOutput
		out.Webhook, out.Secret, out.Note, err = withSecret(made)
		return out, err
	})
}

// events are those that a webhook can be sent, as create_webhook shows them: one list of
// that length is enough for a model to read.
var events = func() []string {
	field, _ := reflect.TypeFor[createInput]().FieldByName("Subscriptions")
	return strings.Split(field.Tag.Get("enum"), ",")
}()

// distinct are the events, each once. Without any a webhook would be of no use.
func distinct(given []string) ([]string, error) {
	var once []string
	seen := map[string]bool{}
	for _, e := range given {
		if !slices.Contains(events, e) {
			return nil, tool.Invalidf("the events are: "+strings.Join(events, ", "), "there is no event %.80q", e)
		}
		if !seen[e] {
			once = append(once, e)
		}
		seen[e] = true
	}
	if len(once) == 0 {
		return nil, tool.Invalidf("name at least one event, such as nodeCreated; delete_webhook ends all", "there are no subscriptions")
	}
	return once, nil
}
