// SPDX-License-Identifier: MIT

package risk

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/tsapi"
)

// long is how many days a credential may last before it is long-lived.
const long = 30

// ruling are the scopes with which a credential can give itself more.
var ruling = []string{"all", "policy_file", "users", "auth_keys", "oauth_keys", "federated_keys", "api_access_tokens", "feature_settings", "devices:core"}

// keys are the credentials that let in more, or longer, than a task needs.
func (f *Facts) keys() []Finding {
	open := Finding{
		Rank: High, Area: Credentials, Risk: "auth keys that admit any number of devices without approval",
		Why: "whoever finds one is in", Next: "delete_key, create_auth_key",
	}
	reusable := Finding{
		Rank: Medium, Area: Credentials, Risk: "reusable auth keys with more than 30 days left",
		Why: "they lie in scripts, and work for whoever reads those", Next: "delete_key",
	}
	tokens := Finding{
		Rank: Medium, Area: Credentials, Risk: "API access tokens with more than 30 days left",
		Why: "each can do all that its owner may", Next: "delete_key; an OAuth client has scopes",
	}
	clients := Finding{
		Rank: Medium, Area: Credentials, Risk: "trust credentials that never end and can grant themselves more",
		Why: "their secret is as good as an administrator", Next: `list_keys {"type":"client"}`,
	}
	for _, k := range f.Keys {
		name := f.key(k)
		expires, ends := at(k.Text("expires"))
		lasting := !ends || expires.Sub(f.Now) > long*24*time.Hour
		switch k.Text("keyType") {
		case "auth":
			switch again, approved := creates(k); {
			case again && approved:
				open.Where = append(open.Where, name)
			case again && lasting:
				reusable.Where = append(reusable.Where, name)
			}
		case "api":
			if lasting {
				tokens.Where = append(tokens.Where, name)
			}
		case "client", "federated":
			if slices.ContainsFunc(texts(k, "scopes"), func(s string) bool { return slices.Contains(ruling, s) }) {
				clients.Where = append(clients.Where, name)
			}
		}
	}
	return slices.Concat(found(open), found(reusable), found(tokens), found(clients))
}

// creates reports what devices an auth key lets in: several, and without approval.
func creates(k tsapi.Object) (reusable, preauthorized bool) {
	value, _ := k.Field("capabilities")
	var c struct {
		Devices struct {
			Create struct{ Reusable, Preauthorized bool }
		}
	}
	if json.Unmarshal(value, &c) != nil {
		return false, false
	}
	return c.Devices.Create.Reusable, c.Devices.Create.Preauthorized
}

// key names a key by its ID and description, and says when it is this server's own.
func (f *Facts) key(k tsapi.Object) string {
	name := k.Text("id")
	var notes []string
	if d := k.Text("description"); d != "" {
		notes = append(notes, d)
	}
	if f.Own != nil && f.Own(name) {
		notes = append(notes, "this server's own")
	}
	if len(notes) > 0 {
		name += " (" + strings.Join(notes, ", ") + ")"
	}
	return name
}
