// SPDX-License-Identifier: MIT

// Package tags has what callers write for a tag, and which tags a device may be given.
// It imports tool, tsapi, policy/grammar and cli/spelling; its errors are refusals of tags
// that are none or that nobody may assign.
package tags

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// prefix is what tags begin with in the API and in the policy file.
const prefix = "tag:"

// Normal returns a tag as the API has it: ci is tag:ci. What is blank stays empty.
func Normal(tag string) string {
	tag = strings.TrimSpace(tag)
	switch {
	case tag == "":
		return ""
	case len(tag) >= len(prefix) && strings.EqualFold(tag[:len(prefix)], prefix):
		return prefix + tag[len(prefix):]
	}
	return prefix + tag
}

// NormalAll returns each tag as [Normal] does, in order and once, or what is no tag. It
// is nil when there are none.
func NormalAll(given []string) ([]string, error) {
	var all []string
	for _, tag := range given {
		normal := Normal(tag)
		if normal == "" || normal == prefix {
			return nil, tool.Invalidf("give tags such as tag:web", "%q is no tag", tool.Clip(tag))
		}
		all = append(all, normal)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Policy is where the policy file is read; *tsapi.API is one.
type Policy interface {
	Policy(ctx context.Context) (tsapi.Policy, error)
}

// Assignable refuses tags that the policy file does not define, which nobody may assign,
// and names those it does: so that no person is asked for what must fail. Where the file
// cannot be read, perhaps for lack of the scope policy_file:read, it refuses nothing; the
// API does.
func Assignable(ctx context.Context, api Policy, wanted []string) error {
	if len(wanted) == 0 {
		return nil
	}
	text, err := api.Policy(ctx)
	if err != nil {
		return nil //nolint:nilerr // what cannot be read refuses nothing
	}
	file, err := grammar.Parse(text.HuJSON)
	if err != nil {
		return nil //nolint:nilerr // as before
	}
	known := make([]string, len(file.TagOwners))
	for i, tag := range file.TagOwners {
		known[i] = tag.Text
	}
	slices.Sort(known)
	for _, tag := range wanted {
		if slices.Contains(known, tag) {
			continue
		}
		return tool.Invalidf(Known(tag, known, "the policy file defines these")+"; another has to be entered in its tagOwners first",
			"nothing was changed: the policy file does not define %q, so nobody may assign it", tool.Clip(tag))
	}
	return nil
}

// Known says which of the known names was probably meant by word, and which there are,
// the first few of many.
func Known(word string, known []string, are string) string {
	const most = 20
	if len(known) == 0 {
		return are + ": none"
	}
	text := ""
	lower := make([]string, len(known))
	for i, name := range known {
		lower[i] = strings.ToLower(name)
	}
	if i := slices.Index(lower, spelling.Nearest(strings.ToLower(word), lower)); i >= 0 {
		text = fmt.Sprintf("use %q if it is meant; ", tool.Clip(known[i]))
	}
	shown := make([]string, 0, most)
	for _, name := range known[:min(most, len(known))] {
		shown = append(shown, fmt.Sprintf("%q", tool.Clip(name)))
	}
	text += are + ": " + strings.Join(shown, ", ")
	if rest := len(known) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
