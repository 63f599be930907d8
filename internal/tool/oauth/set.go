// SPDX-License-Identifier: MIT

package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	App                   string   `json:"app,omitempty" jsonschema:"ID of the one to change, such as a123456CNTRL"`
	Name                  string   `json:"name,omitempty" jsonschema:"such as lab-provisioner"`
	Description           *string  `json:"description,omitempty" jsonschema:"at most 300 characters"`
	RedirectURIs          []string `json:"redirectURIs,omitempty" jsonschema:"such as https://example.com/callback"`
	Scopes                []string `json:"scopes,omitempty" jsonschema:"such as auth_keys:create"`
	AllowedNodeAttributes []string `json:"allowedNodeAttributes,omitempty" jsonschema:"posture attributes that it may set, such as custom:lab"`
	tool.Confirmation
}

type setOutput struct {
	Previous tool.Object `json:"previous,omitempty" jsonschema:"the app before; absent for a new one"`
	Now      tool.Object `json:"now" jsonschema:"the app now, without its secret"`
	Secret   string      `json:"secret,omitempty" jsonschema:"the client secret of a new app, shown this once"`
	Note     string      `json:"note,omitempty" jsonschema:"what to do with the secret"`
}

// settable are the fields of the requests, in the order that they are told in.
var settable = []string{"name", "description", "redirectURIs", "scopes", "allowedNodeAttributes"}

func (a *apps) set() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "set_oauth_app",
		Title:      "Register or change an OAuth app",
		Group:      group,
		Target:     "app name",
		Operations: []string{"listOAuthApps", "getOAuthApp", "createOAuthApp", "updateOAuthApp"},
		Class:      grant.Escalating,
		Example:    json.RawMessage(`{"name":"my-oauth-app","redirectURIs":["https://example.com/oauth/callback"],"scopes":["auth_keys:create"]}`),
		Description: "Registers an OAuth app (name, redirectURIs, scopes), a third party that users can grant access to; its secret is in this answer only. " +
			"With app it changes that one: what is left out stays, a list replaces the whole one.",
	}, func(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
		given, err := in.given()
		switch {
		case err != nil:
			return setOutput{}, err
		case len(given) == 0:
			return setOutput{}, tool.Invalidf("give at least one of "+strings.Join(settable, ", "), "there is nothing to set")
		case in.App != "":
			return a.update(ctx, call, in, given)
		case given["name"] == nil || given["redirectURIs"] == nil || given["scopes"] == nil:
			return setOutput{}, tool.Invalidf("give name, redirectURIs and scopes, or app to change an existing one", "a new app needs more than was given")
		}
		return a.create(ctx, call, in, given)
	})
}

// create registers an app. A name that is taken is refused: it is more likely the same
// call made twice than another app, and each app would have a secret of its own.
func (a *apps) create(ctx context.Context, call tool.Call, in setInput, given map[string]json.RawMessage) (setOutput, error) {
	all, err := a.all(ctx)
	if err != nil {
		return setOutput{}, err
	}
	for _, o := range all {
		if strings.EqualFold(o.Text("name"), in.Name) {
			return setOutput{}, &tsapi.Error{
				Code:    failure.Conflict,
				Message: fmt.Sprintf("there is an OAuth app %q already; nothing was changed", in.Name),
				Next:    "to change it call again with app set to " + tool.Clip(o.Text("id")) + "; for another app choose another name",
			}
		}
	}
	effect := fmt.Sprintf("registers the OAuth app %q: %s", in.Name, told(tsapi.Object{}, given))
	if err := call.Confirm(in.Confirmation, in.Name, effect); err != nil {
		return setOutput{}, err
	}
	r := tsapi.Request{Op: "createOAuthApp", Body: given}
	if len(in.AllowedNodeAttributes) > 0 {
		r.Scope = "oauth_apps + devices:posture_attributes"
	}
	now, err := a.api.Object(ctx, r)
	if err != nil {
		return setOutput{}, err
	}
	out := setOutput{
		Secret: now.Text("clientSecret"),
		Note:   "the secret is shown this once: store it now; it cannot be read again",
	}
	if out.Secret == "" {
		out.Note = "the app was registered and came without its secret; do not repeat the call: remove it with delete_oauth_app first"
	}
	out.Now, err = kind.One(nil, now)
	return out, err
}

// update changes an app. The API replaces everything at once, so the fields that are
// not given are sent as they were.
func (a *apps) update(ctx context.Context, call tool.Call, in setInput, given map[string]json.RawMessage) (setOutput, error) {
	previous, err := a.get(ctx, in.App)
	if err != nil {
		return setOutput{}, err
	}
	body := map[string]json.RawMessage{}
	for _, field := range settable {
		if value, ok := given[field]; ok {
			body[field] = value
		} else if value, ok := previous.Field(field); ok && string(value) != "null" {
			body[field] = value
		}
	}
	name := nameOf(previous, in.App)
	effect := fmt.Sprintf("changes the OAuth app %q (%s): %s", tool.Clip(name), tool.Clip(in.App), told(previous, given))
	if err := call.Confirm(in.Confirmation, name, effect); err != nil {
		return setOutput{}, err
	}
	now, err := a.api.Object(ctx, tsapi.Request{Op: "updateOAuthApp", Params: []string{in.App}, Body: body})
	if err != nil {
		return setOutput{}, err
	}
	var out setOutput
	if out.Previous, err = kind.One(nil, previous); err != nil {
		return setOutput{}, err
	}
	out.Now, err = kind.One(nil, now)
	return out, err
}

// told says what the given fields become, and what they were. Only the description may
// be cut: it grants nothing.
func told(previous tsapi.Object, given map[string]json.RawMessage) string {
	var changes []string
	for _, field := range settable {
		value, ok := given[field]
		if !ok {
			continue
		}
		shown := func(v json.RawMessage) string { return string(v) }
		if field == "description" {
			shown = func(v json.RawMessage) string { return tool.Clip(string(v)) }
		}
		change := field + " " + shown(value)
		if before, ok := previous.Field(field); ok {
			change += " instead of " + shown(before)
		}
		changes = append(changes, change)
	}
	return strings.Join(changes, ", ")
}
