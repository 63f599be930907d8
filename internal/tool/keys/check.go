// SPDX-License-Identifier: MIT

package keys

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

var (
	describable = regexp.MustCompile(`^[A-Za-z0-9 -]{1,50}$`)
	tagForm     = regexp.MustCompile(`^tag:[A-Za-z][A-Za-z0-9-]*$`)
)

// checkDescription holds the rule of the API's document. A description is wanted,
// since by it people tell later what a key was for.
func checkDescription(s string) error {
	if !describable.MatchString(s) || strings.TrimSpace(s) != s {
		return tool.Invalidf("give 1 to 50 letters, digits, spaces and hyphens, such as ci runner", "%q is no description of a key", clip(s))
	}
	return nil
}

func checkTags(tags []string) error {
	for _, tag := range tags {
		if !tagForm.MatchString(tag) {
			return tool.Invalidf("write tags as in the policy file, such as tag:ci", "%q is no tag", clip(tag))
		}
	}
	return nil
}

// checkScopes refuses what the API would: no scopes, and scopes that let devices
// in without tags for them.
func checkScopes(scopes, tags []string) error {
	if len(scopes) == 0 {
		return tool.Invalidf("give at least one scope, such as devices:core:read", "a trust credential has scopes")
	}
	for _, scope := range scopes {
		if strings.TrimSpace(scope) == "" || strings.ContainsAny(scope, " \t\r\n") {
			return tool.Invalidf("give scopes such as devices:core:read or auth_keys", "%q is no scope", clip(scope))
		}
		if len(tags) == 0 && slices.Contains([]string{"devices:core", "auth_keys"}, scope) {
			return tool.Invalidf("give tags, which devices of this credential will have", "the scope %s needs tags", scope)
		}
	}
	return checkTags(tags)
}

func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return tool.Invalidf("give the issuer's public address, such as https://token.actions.githubusercontent.com", "%q is no https issuer", clip(issuer))
	}
	return nil
}

func checkSubject(subject string) error {
	if strings.TrimSpace(subject) == "" {
		return tool.Invalidf("give the subject, such as repo:example/app:*", "a federated identity has a subject")
	}
	return nil
}

// claimRule is one entry of customClaimRules.
type claimRule struct {
	Claim   string `json:"claim" jsonschema:"the name of the claim, such as repository_owner"`
	Pattern string `json:"pattern" jsonschema:"what its value must be; * stands for anything"`
}

// claimRules are the rules as the API has them.
func claimRules(rules []claimRule) (map[string]string, error) {
	out := map[string]string{}
	for _, r := range rules {
		if _, twice := out[r.Claim]; twice || r.Claim == "" || r.Pattern == "" {
			return nil, tool.Invalidf("give every claim once, with a pattern", "customClaimRules has %q twice, or incomplete", clip(r.Claim))
		}
		out[r.Claim] = r.Pattern
	}
	return out, nil
}
