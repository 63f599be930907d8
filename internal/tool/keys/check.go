// SPDX-License-Identifier: MIT

package keys

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/tags"
)

var (
	describable = regexp.MustCompile(`^[A-Za-z0-9 -]+$`)
	tagForm     = regexp.MustCompile(`^tag:[A-Za-z][A-Za-z0-9-]*$`)
)

// The person who confirms a credential must see everything that it may do. So it is
// shown whole, and one that is too long for that is refused.
const (
	mostListed  = 100
	longestText = 500 // in bytes
)

// checkText refuses a text that cannot be shown as it is.
func checkText(name, s string) error {
	if len(s) > longestText || strings.ContainsFunc(s, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) {
		return tool.Invalidf("shorten it, and leave out characters that cannot be seen", "%s is longer than %d bytes or holds what cannot be printed", name, longestText)
	}
	return nil
}

func checkCount(name string, n int) error {
	if n > mostListed {
		return tool.Invalidf("give fewer", "%s has more than %d", name, mostListed)
	}
	return nil
}

// checkDescription checks the rule of the API's document. A description is required,
// since it tells people later what a key was for.
func checkDescription(s string) error {
	if len(s) > 50 || !describable.MatchString(s) || strings.TrimSpace(s) != s {
		return tool.Invalidf("give 1 to 50 letters, digits, spaces and hyphens, such as ci runner", "%q is no description of a key", tool.Clip(s))
	}
	return nil
}

// checkTags refuses what is no tag, and writes the others as the API has them: ci is
// tag:ci.
func checkTags(given []string) error {
	if err := checkCount("tags", len(given)); err != nil {
		return err
	}
	for i, tag := range given {
		tag = tags.Normal(tag)
		given[i] = tag
		if len(tag) > len("tag:")+100 || !tagForm.MatchString(tag) {
			return tool.Invalidf("write tags as in the policy file, such as tag:ci", "%q is no tag", tool.Clip(tag))
		}
	}
	return nil
}

// checkScopes refuses the lists that the API refuses: without scopes, and with scopes
// that let devices in without tags for them.
func checkScopes(scopes, tags []string) error {
	if len(scopes) == 0 {
		return tool.Invalidf("give at least one scope, such as devices:core:read", "a trust credential has scopes")
	}
	if err := checkCount("scopes", len(scopes)); err != nil {
		return err
	}
	for _, scope := range scopes {
		if scope == "" || len(scope) > 100 || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return tool.Invalidf("give scopes such as devices:core:read or auth_keys", "%q is no scope", tool.Clip(scope))
		}
		if len(tags) == 0 && slices.Contains([]string{"devices:core", "auth_keys"}, scope) {
			return tool.Invalidf("give tags, which devices of this credential will have", "the scope %s needs tags", scope)
		}
	}
	return checkTags(tags)
}

func checkIssuer(issuer string) error {
	if err := checkText("issuer", issuer); err != nil {
		return err
	}
	u, err := url.Parse(issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return tool.Invalidf("give the issuer's public address, such as https://token.actions.githubusercontent.com", "%q is no https issuer", tool.Clip(issuer))
	}
	return nil
}

func checkSubject(subject string) error {
	if strings.TrimSpace(subject) == "" {
		return tool.Invalidf("give the subject, such as repo:example/app:*", "a federated identity has a subject")
	}
	return checkText("subject", subject)
}

// claimRule is one entry of customClaimRules.
type claimRule struct {
	Claim   string `json:"claim" jsonschema:"such as repository_owner"`
	Pattern string `json:"pattern" jsonschema:"* is anything"`
}

// claimRules are the rules as the API has them.
func claimRules(rules []claimRule) (map[string]string, error) {
	if err := checkCount("customClaimRules", len(rules)); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, r := range rules {
		if err := checkText("a rule of customClaimRules", r.Claim+r.Pattern); err != nil {
			return nil, err
		}
		if _, twice := out[r.Claim]; twice || r.Claim == "" || r.Pattern == "" {
			return nil, tool.Invalidf("give every claim once, with a pattern", "customClaimRules has %q twice, or incomplete", tool.Clip(r.Claim))
		}
		out[r.Claim] = r.Pattern
	}
	return out, nil
}
