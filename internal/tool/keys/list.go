// SPDX-License-Identifier: MIT

package keys

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/users/login"
	"tailscale-mcp/internal/tsapi"
)

type listFilter struct {
	Type               string `json:"type,omitempty" enum:"auth,client,api,federated"`
	ExpiringWithinDays int    `json:"expiringWithinDays,omitempty" jsonschema:"such as 14" min:"1" max:"3650"`
	Invalid            *bool  `json:"invalid,omitempty"`
}

type listInput struct {
	Key string `json:"key,omitempty" jsonschema:"this one alone, revoked too, such as k123456CNTRL"`
	listFilter
	tool.Selection
	tool.Paging
}

type listOutput struct {
	Keys []tool.Object `json:"keys" jsonschema:"the keys without their secrets, in the order of their IDs"`
	Note string        `json:"note,omitempty" jsonschema:"which logins are missing, and why"`
	tool.Listed
}

func (k *keys) list() tool.Tool {
	const name = "list_keys"
	return tool.New(tool.Definition{
		Name:       name,
		Title:      "List keys and trust credentials",
		Group:      group,
		Operations: []string{"listTailnetKeys", "getKey"},
		Optional:   []string{login.Operation},
		Class:      grant.Read,
		Example:    json.RawMessage(`{}`),
		Fields:     kind.Listed,
		Description: "Lists keys in force, without secrets: auth keys (capabilities: which devices), API access tokens, OAuth clients, federated identities, " +
			"with expiry, scopes and who made each.",
		Narrow: "filter by type or expiringWithinDays, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if in.Key != "" && (in.listFilter != (listFilter{}) || in.Cursor != "") {
			return listOutput{}, tool.Invalidf("leave out either key or the others", "key names one key, which type, expiringWithinDays, invalid and cursor do not go with")
		}
		whole, names := k.named(ctx)
		shown, listed, err := whole.ListOrOne(ctx, call, tool.Query{
			ID: in.Key, One: k.get,
			All:    func(ctx context.Context) ([]tsapi.Object, error) { return k.find(ctx, in.listFilter) },
			Fields: in.Fields, Paging: in.Paging, Scope: []any{name, in.listFilter},
		})
		return listOutput{shown, names.Note(), listed}, err
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
		whole, names := k.named(ctx)
		shown, err := whole.All(nil, found)
		return listOutput{shown, names.Note(), tool.Listed{Total: len(shown), Returned: len(shown)}}, err
	})
}
