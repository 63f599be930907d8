// SPDX-License-Identifier: MIT

package keys

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type listFilter struct {
	Type               string `json:"type,omitempty" jsonschema:"only keys of this kind: auth key, OAuth client, federated identity or API access token" enum:"auth,client,api,federated"`
	ExpiringWithinDays int    `json:"expiringWithinDays,omitempty" jsonschema:"only keys that expire within this many days, such as 14; trust credentials never expire" min:"1" max:"3650"`
	Invalid            *bool  `json:"invalid,omitempty" jsonschema:"true for revoked and expired keys only, false for those in force; the API lists few of the former"`
}

type listInput struct {
	Key string `json:"key,omitempty" jsonschema:"the ID of one key, such as k123456CNTRL, to show it alone and also when it is revoked; without filters"`
	listFilter
	tool.Selection
	tool.Paging
}

type listOutput struct {
	Keys []tool.Object `json:"keys" jsonschema:"the keys without their secrets, in the order of their IDs"`
	tool.Listed
}

func (k *keys) list() tool.Tool {
	const name = "list_keys"
	return tool.New(tool.Definition{
		Name:       name,
		Title:      "List keys and trust credentials",
		Group:      group,
		Operations: []string{"listTailnetKeys", "getKey"},
		Class:      grant.Read,
		Example:    json.RawMessage(`{}`),
		Description: "Lists the tailnet's keys in force: auth keys, OAuth clients, federated identities and API access tokens, each with its ID, kind, description, " +
			"creation, expiry, scopes, tags, creator (userId, absent when a trust credential made it) and what devices an auth key lets in (capabilities). Secrets are never shown. " +
			"Use type and expiringWithinDays to narrow it; give key to show one alone with all that is known, revoked and expired ones included. " +
			"Only kinds that the server's credential may read are listed. One call to the Tailscale API.",
		Narrow: "filter by type or expiringWithinDays, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if in.Key != "" && (in.listFilter != (listFilter{}) || in.Cursor != "") {
			return listOutput{}, tool.Invalidf("leave out either key or the others", "key names one key, which type, expiringWithinDays, invalid and cursor do not go with")
		}
		shown, listed, err := kind.ListOrOne(ctx, call, tool.Query{
			ID: in.Key, One: k.get,
			All:    func(ctx context.Context) ([]tsapi.Object, error) { return k.find(ctx, in.listFilter) },
			Fields: in.Fields, Paging: in.Paging, Scope: []any{name, in.listFilter},
		})
		return listOutput{shown, listed}, err
	})
}

// find lists the keys that fit. Without all=true the API leaves out the keys of
// other users.
func (k *keys) find(ctx context.Context, f listFilter) ([]tsapi.Object, error) {
	r := tsapi.Request{Op: "listTailnetKeys", Query: url.Values{"all": {"true"}}}
	if f.Type != "" {
		r.Scope = scopes[f.Type] + ":read"
	}
	all, err := k.api.List(ctx, r, "keys")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	var found []tsapi.Object
	for _, o := range all {
		if f.fits(o, now) {
			found = append(found, o)
		}
	}
	return found, nil
}

func (f listFilter) fits(o tsapi.Object, now time.Time) bool {
	if f.Type != "" && o.Text("keyType") != f.Type {
		return false
	}
	expires, err := time.Parse(time.RFC3339, o.Text("expires"))
	hasExpiry := err == nil && !expires.IsZero()
	if f.ExpiringWithinDays > 0 && (!hasExpiry || expires.After(now.AddDate(0, 0, f.ExpiringWithinDays))) {
		return false
	}
	if f.Invalid == nil {
		return true
	}
	said, _ := o.Field("invalid")
	invalid := string(said) == "true" || revokedAt(o) != "" || hasExpiry && !expires.After(now)
	return invalid == *f.Invalid
}

func (k *keys) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://keys",
		Name:        "keys",
		Title:       "Keys",
		Description: "All keys and trust credentials of the tailnet in force, with the fields of list_keys and without secrets.",
		Narrow:      "use list_keys, which has pages and filters",
	}, func(ctx context.Context, _ string) (any, error) {
		found, err := k.find(ctx, listFilter{})
		if err != nil {
			return nil, err
		}
		shown, err := kind.All(nil, found)
		return listOutput{shown, tool.Listed{Total: len(shown), Returned: len(shown)}}, err
	})
}
