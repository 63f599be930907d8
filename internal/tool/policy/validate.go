// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type validateInput struct {
	Policy  string       `json:"policy,omitempty" jsonschema:"the whole candidate policy file in HuJSON or JSON; absent takes the current one"`
	Tests   []policyTest `json:"tests,omitempty" jsonschema:"tests to run besides those in the file"`
	User    string       `json:"previewUser,omitempty" jsonschema:"a user to show the matching rules of, such as alice@example.com"`
	Address string       `json:"previewAddress,omitempty" jsonschema:"a destination to show the matching rules of, as ip:port, such as 100.64.0.1:22"`
}

type validateOutput struct {
	Verdict
	Matches []tool.Object `json:"matches,omitempty" jsonschema:"the rules that match the preview: users, ports, lineNumber"`
	Note    string        `json:"note,omitempty" jsonschema:"what is to know about this answer"`
}

func validate(api API) tool.Tool {
	return tool.New(tool.Definition{
		Name: "validate_policy", Title: "Check a policy file", Group: group, Class: grant.Read,
		Operations: []string{"getPolicyFile", "validateAndTestPolicyFile", "previewRuleMatches"},
		Example:    json.RawMessage(`{"previewUser":"alice@example.com"}`),
		Description: "Checks a candidate policy file, or the current one, with its tests and those given, and saves nothing. valid says whether it may be set; problems says why not. " +
			"previewUser or previewAddress shows which rules would match. Use it before set_policy. Up to three calls to the Tailscale API.",
		Narrow: "leave out the preview, or give fewer tests",
	}, func(ctx context.Context, _ tool.Call, in validateInput) (validateOutput, error) {
		if err := in.check(); err != nil {
			return validateOutput{}, err
		}
		text := in.Policy
		if text == "" {
			p, err := api.Policy(ctx)
			if err != nil {
				return validateOutput{}, err
			}
			text = p.HuJSON
		}
		tested, err := withTests(text, in.Tests)
		if err != nil {
			return validateOutput{}, err
		}
		v, err := judge(ctx, api, tested)
		out := validateOutput{Verdict: v}
		if err != nil || in.User == "" && in.Address == "" {
			return out, err
		}
		if !v.Valid {
			out.Note = "there is no preview of a file that is not valid"
			return out, nil
		}
		out.Matches, err = preview(ctx, api, text, in)
		return out, err
	})
}

func (in validateInput) check() error {
	if in.User != "" && in.Address != "" {
		return tool.Invalidf("give previewUser or previewAddress", "one preview at a time")
	}
	if _, err := netip.ParseAddrPort(in.Address); in.Address != "" && err != nil {
		return tool.Invalidf("give an address and a port, such as 100.64.0.1:22", "previewAddress is no ip:port")
	}
	for _, t := range in.Tests {
		if err := t.check(); err != nil {
			return err
		}
	}
	if in.Policy == "" {
		return nil
	}
	_, err := parse(in.Policy)
	return err
}

// preview: https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl/preview
func preview(ctx context.Context, api API, text string, in validateInput) ([]tool.Object, error) {
	q := url.Values{"type": {"user"}, "previewFor": {in.User}}
	if in.Address != "" {
		q = url.Values{"type": {"ipport"}, "previewFor": {in.Address}}
	}
	matches, err := api.List(ctx, tsapi.Request{Op: "previewRuleMatches", Query: q, Body: text, ContentType: "application/hujson"}, "matches")
	if err != nil {
		return nil, err
	}
	return (tool.Kind{}).All(nil, matches)
}
