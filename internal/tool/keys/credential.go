// SPDX-License-Identifier: MIT

package keys

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type credentialInput struct {
	Kind             string      `json:"kind" enum:"client,federated"`
	Description      string      `json:"description" jsonschema:"such as ci deploy: letters, digits, spaces, hyphens"`
	Scopes           []string    `json:"scopes" jsonschema:"as few as suffice, such as devices:core:read"`
	Tags             []string    `json:"tags,omitempty" jsonschema:"such as tag:ci; required with devices:core and auth_keys"`
	Issuer           string      `json:"issuer,omitempty" jsonschema:"such as https://token.actions.githubusercontent.com"`
	Subject          string      `json:"subject,omitempty" jsonschema:"whose tokens, such as repo:example/app:*"`
	Audience         string      `json:"audience,omitempty" jsonschema:"best left out: one is made"`
	CustomClaimRules []claimRule `json:"customClaimRules,omitempty" jsonschema:"what else tokens must claim"`
	tool.Confirmation
}

func (k *keys) createTrustCredential() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_trust_credential",
		Title:      "Create a trust credential",
		Group:      group,
		Target:     "description",
		Operations: []string{"listTailnetKeys", "createKey"},
		Class:      grant.Escalating,
		Adds:       true,
		Example:    json.RawMessage(`{"kind":"client","description":"reader","scopes":["devices:core:read"]}`),
		Description: "Creates a trust credential, with which a program calls the API for good: an OAuth client, whose secret is in this answer only, " +
			"or a federated identity, which takes tokens of another issuer. To let devices in: create_auth_key.",
	}, func(ctx context.Context, call tool.Call, in credentialInput) (created, error) {
		body, err := in.body()
		if err != nil {
			return created{}, err
		}
		already, err := k.namesakes(ctx, in.Kind, in.Description)
		if err != nil {
			return created{}, err
		}
		effect := fmt.Sprintf("creates the %s %q, which may use the API with the scopes %s and never expires", nouns[in.Kind], in.Description, strings.Join(in.Scopes, ", "))
		if len(in.Tags) > 0 {
			effect += ", giving the tags " + strings.Join(in.Tags, ", ")
		}
		if in.Kind == "federated" {
			effect += fmt.Sprintf("; tokens of %s for %q are accepted", in.Issuer, in.Subject)
		}
		if slices.Contains(in.Scopes, "all") {
			effect += "; the scope all is everything, the policy file and other credentials included"
		}
		if err := call.Confirm(in.Confirmation, in.Description, effect+already); err != nil {
			return created{}, err
		}
		return k.create(ctx, in.Kind, body)
	})
}

// body returns the body of the request, or the reason why it cannot be sent.
func (in credentialInput) body() (map[string]any, error) {
	if err := checkDescription(in.Description); err != nil {
		return nil, err
	}
	if err := checkScopes(in.Scopes, in.Tags); err != nil {
		return nil, err
	}
	body := map[string]any{"description": in.Description, "scopes": in.Scopes}
	if len(in.Tags) > 0 {
		body["tags"] = in.Tags
	}
	if in.Kind != "federated" {
		if in.Issuer+in.Subject+in.Audience != "" || len(in.CustomClaimRules) > 0 {
			return nil, tool.Invalidf("leave them out, or set kind to federated", "an OAuth client has no issuer, subject, audience or customClaimRules")
		}
		return body, nil
	}
	if err := checkIssuer(in.Issuer); err != nil {
		return nil, err
	}
	if err := checkSubject(in.Subject); err != nil {
		return nil, err
	}
	body["issuer"], body["subject"] = in.Issuer, in.Subject
	if err := checkText("audience", in.Audience); err != nil {
		return nil, err
	}
	if in.Audience != "" {
		body["audience"] = in.Audience
	}
	if len(in.CustomClaimRules) > 0 {
		rules, err := claimRules(in.CustomClaimRules)
		if err != nil {
			return nil, err
		}
		body["customClaimRules"] = rules
	}
	return body, nil
}
