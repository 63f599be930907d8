// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
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
	Effects []string      `json:"effects,omitempty" jsonschema:"who gains or loses what by the candidate against the present file, in the tailnet as it is; the gravest first"`
	Differs string        `json:"disagreement,omitempty" jsonschema:"where this server judges the candidate otherwise than the Tailscale API"`
	Matches []tool.Object `json:"matches,omitempty" jsonschema:"the rules that match the preview: users, ports, lineNumber"`
	Note    string        `json:"note,omitempty" jsonschema:"what is to know about this answer"`
}

// validate is the tool that checks a policy file, and changes nothing.
func (c changer) validate() tool.Tool {
	return tool.New(tool.Definition{
		Name: "validate_policy", Title: "Check a policy file", Group: group, Class: grant.Read,
		Weight:     survey.Weight,
		Operations: slices.Concat([]string{"getPolicyFile", "validateAndTestPolicyFile", "previewRuleMatches"}, survey.Operations),
		Example:    json.RawMessage(`{"previewUser":"alice@example.com"}`),
		Description: "Checks a candidate policy file, or the current one, with its tests and those given, and saves nothing. valid says whether it may be set; problems says why not. " +
			"Of a candidate, effects says who gains or loses what against the present file, and disagreement where this server judges it otherwise than the Tailscale API. " +
			"previewUser or previewAddress shows which rules would match. Use it before set_policy. Without a candidate at most three calls to the Tailscale API. " + cost(3),
		Narrow: "leave out the preview, or give fewer tests",
	}, func(ctx context.Context, call tool.Call, in validateInput) (out validateOutput, err error) {
		if err := in.check(); err != nil {
			return out, err
		}
		p, err := c.api.Policy(ctx)
		if err != nil {
			return out, err
		}
		text := in.Policy
		if text == "" {
			text = p.HuJSON
		}
		tested, err := withTests(text, in.Tests)
		if err != nil {
			return out, err
		}
		if out.Verdict, err = judge(ctx, c.api, tested); err != nil {
			return out, err
		}
		if in.Policy != "" {
			said, err := c.effects(ctx, call, p.HuJSON, tested)
			if err != nil {
				return out, err
			}
			out.Differs = said.own.against(out.Verdict)
			if out.Valid || !said.own.unsound {
				out.Effects = said.all
			}
		}
		switch {
		case in.User == "" && in.Address == "":
		case !out.Valid:
			out.Note = "there is no preview of a file that is not valid"
		default:
			out.Matches, err = preview(ctx, c.api, text, in)
		}
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
