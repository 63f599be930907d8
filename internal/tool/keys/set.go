// SPDX-License-Identifier: MIT

package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	Key              string      `json:"key" jsonschema:"ID, such as k123456CNTRL"`
	Description      *string     `json:"description,omitempty" jsonschema:"such as ci deploy"`
	Scopes           []string    `json:"scopes,omitempty" jsonschema:"all, such as devices:core:read"`
	Tags             []string    `json:"tags,omitempty" jsonschema:"all, such as tag:ci"`
	Issuer           *string     `json:"issuer,omitempty" jsonschema:"https address"`
	Subject          *string     `json:"subject,omitempty" jsonschema:"such as repo:example/app:*"`
	Audience         *string     `json:"audience,omitempty" jsonschema:"of the tokens"`
	CustomClaimRules []claimRule `json:"customClaimRules,omitempty" jsonschema:"all of them"`
	tool.Confirmation
}

type setOutput struct {
	Previous tool.Object `json:"previous" jsonschema:"the trust credential before"`
	Now      tool.Object `json:"now" jsonschema:"the trust credential now"`
}

func (k *keys) setTrustCredential() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_trust_credential",
		Title:       "Change a trust credential",
		Group:       group,
		Target:      "key",
		Operations:  []string{"getKey", "setKey"},
		Class:       grant.Escalating,
		Idempotent:  true,
		Example:     json.RawMessage(`{"key":"kClient1CNTRL","scopes":["dns:read"]}`),
		Description: "Changes an OAuth client or a federated identity (the latter's issuer to customClaimRules too): what is left out stays, a list replaces the whole one.",
	}, func(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
		given, err := in.given()
		if err != nil {
			return setOutput{}, err
		}
		previous, err := k.unrevoked(ctx, in.Key)
		if err != nil {
			return setOutput{}, err
		}
		body, err := wholly(previous, given)
		if err != nil {
			return setOutput{}, err
		}
		effect := "changes the " + called(previous, in.Key) + ": " + difference(previous, given)
		if k.api.Uses(in.Key) {
			effect += "; it is the credential of this very server, whose tools may do only what its scopes give"
		}
		if err := call.Confirm(in.Confirmation, in.Key, effect); err != nil {
			return setOutput{}, err
		}
		now, err := k.api.Object(ctx, tsapi.Request{Op: "setKey", Params: []string{in.Key}, Body: body, Scope: scopes[previous.Text("keyType")]})
		if err != nil {
			return setOutput{}, err
		}
		var out setOutput
		if out.Previous, err = kind.One(nil, previous); err != nil {
			return setOutput{}, err
		}
		out.Now, err = kind.One(nil, now)
		return out, err
	})
}

var (
	settable      = []string{"description", "scopes", "tags"}
	federatedOnly = []string{"issuer", "subject", "audience", "customClaimRules"}
)

// given returns the fields that the call names, as JSON.
func (in setInput) given() (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	var failed error
	put := func(name string, v any, err error) {
		text, unwritten := json.Marshal(v)
		if out[name] = text; failed == nil {
			if failed = err; failed == nil {
				failed = unwritten
			}
		}
	}
	if in.Description != nil {
		put("description", *in.Description, checkDescription(*in.Description))
	}
	if in.Scopes != nil {
		put("scopes", in.Scopes, nil) // checked together with the tags
	}
	if in.Tags != nil {
		put("tags", in.Tags, checkTags(in.Tags))
	}
	if in.Issuer != nil {
		put("issuer", *in.Issuer, checkIssuer(*in.Issuer))
	}
	if in.Subject != nil {
		put("subject", *in.Subject, checkSubject(*in.Subject))
	}
	if in.Audience != nil {
		put("audience", *in.Audience, checkText("audience", *in.Audience))
	}
	if in.CustomClaimRules != nil {
		rules, err := claimRules(in.CustomClaimRules)
		put("customClaimRules", rules, err)
	}
	if len(out) == 0 && failed == nil {
		return nil, tool.Invalidf("give at least one of description, scopes, tags, issuer, subject, audience and customClaimRules", "there is nothing to change")
	}
	return out, failed
}

// wholly returns the body that sets the given fields and keeps the others: the API
// replaces all at once.
func wholly(previous tsapi.Object, given map[string]json.RawMessage) (map[string]any, error) {
	keyType := previous.Text("keyType")
	fields := settable
	switch keyType {
	case "client":
		for _, name := range federatedOnly {
			if _, ok := given[name]; ok {
				return nil, tool.Invalidf("leave it out", "an OAuth client has no %s", name)
			}
		}
	case "federated":
		fields = append(fields[:len(fields):len(fields)], federatedOnly...)
	default:
		return nil, tool.Invalidf("create another and revoke this one with delete_key", "only OAuth clients and federated identities can be changed, and this is of the kind %q", tool.Clip(keyType))
	}
	body := map[string]any{"keyType": keyType}
	for _, name := range fields {
		if value, ok := given[name]; ok {
			body[name] = value
		} else if value, ok := previous.Field(name); ok && string(value) != "null" {
			body[name] = value
		}
	}
	return body, checkScopes(texts(body["scopes"]), texts(body["tags"]))
}

// texts returns the strings of a list in JSON; none if it is no such list.
func texts(v any) []string {
	raw, _ := v.(json.RawMessage)
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// difference says what the given fields are now and become.
func difference(previous tsapi.Object, given map[string]json.RawMessage) string {
	var changes []string
	for _, name := range append(settable[:len(settable):len(settable)], federatedOnly...) {
		value, ok := given[name]
		if !ok {
			continue
		}
		before, ok := previous.Field(name)
		if !ok {
			before = json.RawMessage("nothing")
		}
		var compact bytes.Buffer
		if json.Compact(&compact, before) == nil {
			before = compact.Bytes()
		}
		if !bytes.Equal(before, value) {
			changes = append(changes, name+" from "+string(before)+" to "+string(value))
		}
	}
	if len(changes) == 0 {
		return "nothing that is given differs from what it has"
	}
	return strings.Join(changes, ", ")
}
