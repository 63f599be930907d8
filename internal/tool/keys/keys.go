// SPDX-License-Identifier: MIT

// Package keys has the tools about auth keys, trust credentials (OAuth clients and
// federated identities) and API access tokens
// (https://tailscale.com/api#tag/keys). It imports tool, grant and tailnet; errors
// of the API pass through with their codes. A secret is in the answer of the call
// that makes it, in its own field, and nowhere else.
package keys

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/tags"
	"tailscale-mcp/internal/tool/users/login"
	"tailscale-mcp/internal/tsapi"
)

const group = "keys"

// kind says which fields of a key are shown; userLogin is who made it, see [keys.named].
var kind = tool.Kind{
	ID:     "id",
	Listed: []string{"id", "keyType", "description", "created", "expires", "scopes", "tags", "userId", "userLogin", "capabilities"},
	Shown: []string{
		"id", "keyType", "description", "created", "updated", "expires", "revoked", "invalid", "scopes", "tags", "userId", "userLogin", "capabilities",
		"issuer", "subject", "audience", "customClaimRules",
	},
	Secret: []string{"key"},
}

// named is kind for a list that names people, and where what is missing of that is said.
func (k *keys) named(ctx context.Context) (tool.Kind, *login.Names) {
	names, whole := login.Of(ctx, k.api), kind
	whole.Joined = map[string]func(tsapi.Object) string{"userLogin": names.In("userId")}
	return whole, names
}

// scopes are the scopes that a change of a key needs, by the kind of key.
var scopes = map[string]string{
	"auth": "auth_keys", "client": "oauth_keys", "federated": "federated_keys", "api": "api_access_tokens",
}

// nouns are the kinds of keys in the words of people.
var nouns = map[string]string{
	"auth": "auth key", "client": "OAuth client", "federated": "federated identity", "api": "API access token",
}

type keys struct{ api API }

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	tags.Policy
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
	// Uses reports whether the key of that ID is the one that the client itself asks with.
	Uses(id string) bool
}

// Tools returns the group.
func Tools(api API) tool.Set {
	k := &keys{api}
	return tool.Set{
		Tools:     []tool.Tool{k.list(), k.createAuthKey(), k.createTrustCredential(), k.setTrustCredential(), k.remove()},
		Resources: []tool.Resource{k.resource()},
	}
}

func (k *keys) get(ctx context.Context, id string) (tsapi.Object, error) {
	return k.api.Object(ctx, tsapi.Request{Op: "getKey", Params: []string{id}})
}

// unrevoked reads a key that is about to be changed, and refuses one that was revoked.
func (k *keys) unrevoked(ctx context.Context, id string) (tsapi.Object, error) {
	o, err := k.get(ctx, id)
	if err != nil {
		return o, err
	}
	if revoked := revokedAt(o); revoked != "" {
		return o, &tsapi.Error{
			Code:    failure.Conflict,
			Message: "the key " + strconv.Quote(tool.Clip(id)) + " was revoked at " + tool.Clip(revoked) + "; nothing was changed",
			Next:    "there is nothing left to do with it; list_keys has those in use",
		}
	}
	return o, nil
}

// revokedAt returns the time at which a key was revoked; empty if never. The API
// writes never as the zero time.
func revokedAt(o tsapi.Object) string {
	text := o.Text("revoked")
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.IsZero() {
		return ""
	}
	return text
}

// called names a key such that a person recognizes it.
func called(o tsapi.Object, id string) string {
	noun := nouns[o.Text("keyType")]
	if noun == "" {
		noun = "key"
	}
	if description := o.Text("description"); description != "" {
		return fmt.Sprintf("%s %s (%q)", noun, id, tool.Clip(description))
	}
	return noun + " " + id
}

// created is the answer of a call that makes a key.
type created struct {
	Key    tool.Object `json:"key" jsonschema:"the key that was created, without its secret"`
	Secret string      `json:"secret,omitempty" jsonschema:"the secret, shown this once"`
	Note   string      `json:"note,omitempty" jsonschema:"what to do with the secret"`
}

// create sends the one request that makes a key.
func (k *keys) create(ctx context.Context, keyType string, body map[string]any) (created, error) {
	body["keyType"] = keyType
	o, err := k.api.Object(ctx, tsapi.Request{Op: "createKey", Body: body, Scope: scopes[keyType]})
	if err != nil {
		return created{}, err
	}
	out := created{Secret: o.Text("key")}
	if out.Key, err = kind.One(nil, o); err != nil {
		return created{}, err
	}
	switch {
	case out.Secret != "":
		out.Note = "the secret is shown this once: store it now; it cannot be read again"
	case keyType == "federated":
		out.Note = "a federated identity has no secret: use its ID and audience with a token of its issuer"
	default:
		out.Note = "the key was created and came without its secret; do not repeat the call: revoke it with delete_key first"
	}
	return out, nil
}

// namesakes says which keys in force have the description already: a call whose
// outcome was not known may have made one of them.
func (k *keys) namesakes(ctx context.Context, keyType, description string) (string, error) {
	found, err := k.find(ctx, listFilter{Type: keyType})
	if err != nil {
		return "", err
	}
	var ids []string
	for _, o := range found {
		if o.Text("description") == description {
			ids = append(ids, tool.Clip(o.Text("id")))
		}
	}
	if len(ids) == 0 {
		return "", nil
	}
	return "; there is already one of this description: " + tool.Clip(strings.Join(ids, ", ")), nil
}
