// SPDX-License-Identifier: MIT

package held

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/survey"
)

// Whom a grant can be for. One for a source that the policy file does not know makes the
// whole file invalid, or is for nobody.

// autogroups are those that Tailscale documents as a source
// (https://tailscale.com/kb/1337/policy-syntax).
var autogroups = []string{"admin", "auditor", "billing-admin", "it-admin", "member", "network-admin", "owner", "self", "shared", "tagged"}

// SourceForm says what is wrong with the form of a source; empty if nothing.
func SourceForm(src string) string {
	kind, name, pair := strings.Cut(src, ":")
	_, address := netip.ParseAddr(src)
	_, prefix := netip.ParsePrefix(src)
	switch {
	case strings.ContainsFunc(src, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return "has a space or a control character in it"
	case src == "*" || address == nil || prefix == nil:
		return ""
	case pair && name == "":
		return "ends with its colon"
	case kind == "autogroup" && !slices.Contains(autogroups, name):
		return "is no autogroup" + didYouMean("autogroup:", spelling.Nearest(name, autogroups))
	case pair && slices.Contains([]string{"tag", "group", "autogroup", "user", "ipset"}, kind):
		return ""
	case pair:
		return "begins with neither tag:, group: nor autogroup:"
	}
	if user, domain, ok := strings.Cut(src, "@"); !ok || user == "" || domain == "" {
		return "is no login, which has an @"
	}
	return ""
}

func didYouMean(prefix, near string) string {
	if near == "" {
		return ""
	}
	return " (did you mean " + prefix + near + "?)"
}

// Source looks for a source of a right form in the policy file and among the people of the
// tailnet. note is what to know of it, and wrong why the file could not have it; err says
// why neither is known.
func Source(ctx context.Context, api API, src string) (note string, wrong, err error) {
	text, err := api.Policy(ctx)
	if err != nil {
		return "", nil, err
	}
	file, err := grammar.Parse(text.HuJSON)
	if err != nil {
		return "", nil, err
	}
	read, err := survey.Read(ctx, api, survey.Needs{})
	if err != nil {
		return "", nil, err
	}
	if strings.Contains(src, "@") && !strings.Contains(src, ":") {
		return newcomer(read.Tailnet, src), nil, nil
	}
	_, wrong = policy.Compile(file, read.Tailnet).Endpoint(src)
	return "", wrong, nil
}

// newcomer says that nobody has a login yet; a grant may be there before its person.
func newcomer(net *tailnet.Tailnet, login string) string {
	var logins []string
	for i := range net.People {
		logins = append(logins, net.People[i].Login)
	}
	if len(logins) == 0 || net.Partial || slices.ContainsFunc(logins, func(l string) bool { return strings.EqualFold(l, login) }) {
		return ""
	}
	return fmt.Sprintf("the tailnet has no user %s%s; the grant waits for them", login, didYouMean("", spelling.Nearest(login, logins)))
}
