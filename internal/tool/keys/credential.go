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
	Kind             string      `json:"kind" jsonschema:"client for an OAuth client with a secret; federated for an identity of another provider without one" enum:"client,federated"`
	Description      string      `json:"description" jsonschema:"what it is for, such as ci deploy; up to 50 letters, digits, spaces and hyphens"`
	Scopes           []string    `json:"scopes" jsonschema:"what it may do, such as devices:core:read; as few as suffice"`
	Tags             []string    `json:"tags,omitempty" jsonschema:"tags that it may give, such as tag:ci; required with the scopes devices:core and auth_keys"`
	Issuer           string      `json:"issuer,omitempty" jsonschema:"federated: the OIDC issuer, such as https://token.actions.githubusercontent.com"`
	Subject          string      `json:"subject,omitempty" jsonschema:"federated: whose tokens are accepted, such as repo:example/app:*; * stands for anything"`
	Audience         string      `json:"audience,omitempty" jsonschema:"federated: the audience of the tokens; best left out, then one is generated"`
	CustomClaimRules []claimRule `json:"customClaimRules,omitempty" jsonschema:"federated: what else the tokens must claim"`
	tool.Confirmation
}

func (k *keys) createTrustCredential() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_trust_credential",
		Title:      "Create a trust credential",
		Group:      group,
		Target:     "description",
		Operations: []string{"listTailnetKeys", "createKey"},
		Scopes:     []string{"oauth_keys | federated_keys"},
		Class:      grant.Escalating,
		Example:    json.RawMessage(`{"kind":"client","description":"reader","scopes":["devices:core:read"]}`),
		Description: "Creates a trust credential, with which a program calls the API of this tailnet for good: an OAuth client, whose secret is in the field secret of this answer only, " +
			"or a federated identity, which takes the tokens of another provider (issuer and subject) and has no secret. It never expires and belongs to no user, so give few scopes; all is everything. " +
			"Needs confirm. Use create_auth_key to let devices in. Calling again makes another. Two calls to the Tailscale API.",
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
