// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type validateInput struct {
	Policy  string       `json:"policy,omitempty" jsonschema:"the whole candidate policy file in HuJSON or JSON; absent takes the current one"`
	Tests   []policyTest `json:"tests,omitempty" jsonschema:"tests to run besides those in the candidate; without policy they run against the current file"`
	User    string       `json:"previewUser,omitempty" jsonschema:"a user to show the matching rules of, such as alice@example.com"`
	Address string       `json:"previewAddress,omitempty" jsonschema:"a destination to show the matching rules of, as ip:port, such as 100.64.0.1:22"`
}

type policyTest struct {
	Src    string   `json:"src" jsonschema:"who connects: a user, group, tag or host"`
	Accept []string `json:"accept,omitempty" jsonschema:"destinations that must be reached, as host:port with one port"`
	Deny   []string `json:"deny,omitempty" jsonschema:"destinations that must not be reached, as host:port with one port"`
	Proto  string   `json:"proto,omitempty" jsonschema:"the protocol, such as tcp; absent is TCP or UDP"`
}

type finding struct {
	User     string   `json:"user,omitempty" jsonschema:"whose test it was"`
	Errors   []string `json:"errors,omitempty" jsonschema:"what is wrong"`
	Warnings []string `json:"warnings,omitempty" jsonschema:"what may be wrong"`
}

// Verdict is what the API says of a policy file.
type Verdict struct {
	Valid    bool      `json:"valid" jsonschema:"whether the file may be set and its tests pass"`
	Problems []finding `json:"problems,omitempty" jsonschema:"why it is not valid"`
	Warnings []finding `json:"warnings,omitempty" jsonschema:"what does not keep it from being set"`
}

type validateOutput struct {
	Verdict
	Matches []tool.Object `json:"matches,omitempty" jsonschema:"the rules that match the preview: users, ports, lineNumber"`
	Note    string        `json:"note,omitempty" jsonschema:"what is to know about this answer"`
}

func validate(api *tailnet.API) tool.Tool {
	return tool.New(tool.Definition{
		Name: "validate_policy", Title: "Check a policy file", Group: group, Class: grant.Read,
		Operations: []string{"getPolicyFile", "validateAndTestPolicyFile", "previewRuleMatches"},
		Description: "Checks a candidate policy file, or the current one, with its tests and those given, and saves nothing. valid says whether it may be set; problems says why not. " +
			"previewUser or previewAddress shows which rules would match. Use it before set_policy. Up to three calls to the Tailscale API.",
		Narrow: "leave out the preview, or give fewer tests",
	}, func(ctx context.Context, _ tool.Call, in validateInput) (validateOutput, error) {
		if err := in.check(); err != nil {
			return validateOutput{}, err
		}
		text, body := in.Policy, any(in.Policy)
		if text == "" {
			p, err := api.Policy(ctx)
			if err != nil {
				return validateOutput{}, err
			}
			text, body = p.HuJSON, p.HuJSON
			if len(in.Tests) > 0 {
				body = in.Tests
			}
		} else if len(in.Tests) > 0 {
			body = withTests(text, in.Tests)
		}
		v, err := judge(ctx, api, body)
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
		if t.Src == "" || len(t.Accept)+len(t.Deny) == 0 {
			return tool.Invalidf(`give tests like {"src":"alice@example.com","accept":["100.64.0.1:22"]}`, "a test needs src, and accept or deny")
		}
	}
	if in.Policy == "" {
		return nil
	}
	_, err := parse(in.Policy)
	return err
}

// judge has the API check a policy file (text) or run tests (a list). That a file
// is refused is an answer here and no error.
//
// https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl/validate
func judge(ctx context.Context, api *tailnet.API, body any) (Verdict, error) {
	r := tailnet.Request{Op: "validateAndTestPolicyFile", Body: body}
	if _, ok := body.(string); ok {
		r.ContentType = "application/hujson"
	}
	o, err := api.Object(ctx, r)
	var refused *tailnet.Error
	if errors.As(err, &refused) && refused.Status == 400 {
		return Verdict{Problems: []finding{{Errors: []string{refused.Message}}}}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Valid: true}
	message := o.Text("message")
	var findings []finding
	if data, ok := o.Field("data"); ok {
		if json.Unmarshal(data, &findings) != nil {
			findings = []finding{{Errors: []string{string(data)}}} // shown as it came
		}
	}
	if message != "" && len(findings) == 0 {
		findings = []finding{{Errors: []string{message}}}
	}
	for _, f := range findings {
		if len(f.Errors) > 0 {
			v.Problems = append(v.Problems, f)
		} else {
			v.Warnings = append(v.Warnings, f)
		}
	}
	// Only a message about warnings lets a file pass.
	v.Valid = len(v.Problems) == 0 && (message == "" || strings.Contains(message, "warning"))
	if !v.Valid && len(v.Problems) == 0 {
		v.Problems = []finding{{Errors: []string{message}}}
	}
	return v, nil
}

// preview: https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl/preview
func preview(ctx context.Context, api *tailnet.API, text string, in validateInput) ([]tool.Object, error) {
	q := url.Values{"type": {"user"}, "previewFor": {in.User}}
	if in.Address != "" {
		q = url.Values{"type": {"ipport"}, "previewFor": {in.Address}}
	}
	matches, err := api.List(ctx, tailnet.Request{Op: "previewRuleMatches", Query: q, Body: text, ContentType: "application/hujson"}, "matches")
	if err != nil {
		return nil, err
	}
	return (tool.Kind{}).All(nil, matches)
}

// withTests adds tests to those of a file. Its comments go, which no test needs.
func withTests(text string, tests []policyTest) string {
	file := map[string]json.RawMessage{}
	var own []json.RawMessage
	standard, err := hujson.Standardize([]byte(text))
	if err != nil || json.Unmarshal(standard, &file) != nil {
		return text // the API says what is wrong with it
	}
	section := "tests"
	for name := range file {
		if strings.EqualFold(name, section) {
			section = name
		}
	}
	if file[section] != nil && json.Unmarshal(file[section], &own) != nil {
		return text
	}
	for _, t := range tests {
		one, _ := json.Marshal(t)
		own = append(own, one)
	}
	file[section], _ = json.Marshal(own)
	whole, _ := json.Marshal(file)
	return string(whole)
}
