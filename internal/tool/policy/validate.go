// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type validateInput struct {
	Policy  string       `json:"policy,omitempty" jsonschema:"the whole file; absent is the present one"`
	Tests   []policyTest `json:"tests,omitempty" jsonschema:"besides those of the file"`
	User    string       `json:"previewUser,omitempty" jsonschema:"a login"`
	Address string       `json:"previewAddress,omitempty" jsonschema:"ip:port"`
}

// testRun is what became of tests.
type testRun struct {
	File   int       `json:"file" jsonschema:"how many entries the file has; all pass where it is valid"`
	Given  int       `json:"given" jsonschema:"how many were given"`
	Pass   bool      `json:"pass" jsonschema:"whether those given pass; false where they did not run"`
	Failed []finding `json:"failed,omitempty" jsonschema:"which of those given fail, and why"`
}

type validateOutput struct {
	Verdict
	Effects []string      `json:"effects,omitempty" jsonschema:"who gains or loses what by the candidate against the present file, in the tailnet as it is; the gravest first"`
	Tests   *testRun      `json:"tests,omitempty" jsonschema:"the tests that ran: those of the file, which valid counts, and those given, which it does not"`
	Differs string        `json:"disagreement,omitempty" jsonschema:"where this server judges the candidate otherwise than the Tailscale API"`
	Matches []tool.Object `json:"matches,omitempty" jsonschema:"the rules that match the preview: users, ports, lineNumber"`
	Note    string        `json:"note,omitempty" jsonschema:"what is to know about this answer"`
}

// validate is the tool that checks a policy file, and changes nothing.
func (c changer) validate() tool.Tool {
	return tool.New(tool.Definition{
		Name: "validate_policy", Title: "Check a policy file", Group: group, Class: grant.Read,
		Weight:      survey.Weight,
		Operations:  slices.Concat([]string{"getPolicyFile", "validateAndTestPolicyFile", "previewRuleMatches"}, survey.Operations),
		Example:     json.RawMessage(`{"previewUser":"alice@example.com"}`),
		Description: "Checks a policy file, or the present one, without saving: may it be set, do tests pass, who gains or loses what, and the rules of a previewed user or address.",
		Narrow:      "leave out the preview, or give fewer tests",
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
		if out.Verdict, out.Tests, err = run(ctx, c.api, text, tested, len(in.Tests)); err != nil {
			return out, err
		}
		if in.Tests != nil && !out.Valid {
			out.Note = "the tests given did not run by themselves: the file is not valid"
		}
		if in.Policy != "" {
			said, err := c.effects(ctx, call, p.HuJSON, tested)
			if err != nil {
				return out, err
			}
			out.Differs = said.own.against(out.together())
			if out.Valid || !said.own.unsound {
				out.Effects = said.all
			}
		}
		switch {
		case in.User == "" && in.Address == "":
		case !out.Valid:
			out.Note = "there is no preview of a file that is not valid"
		default:
			if out.Matches, err = preview(ctx, c.api, text, in); err == nil && len(out.Matches) == 0 {
				out.Note, err = c.unmatched(ctx, text, in)
			}
		}
		return out, err
	})
}

// run has the API judge a file with the tests that were given. Where that fails, the file
// by itself may still be valid.
func run(ctx context.Context, api API, text, tested string, given int) (Verdict, *testRun, error) {
	v, err := judge(ctx, api, tested)
	if err != nil {
		return v, nil, err
	}
	tests := &testRun{Given: given, Pass: given > 0 && v.Valid}
	if f, err := parse(text); err == nil {
		tests.File = len(f.Tests) + len(f.SSHTests)
	}
	if v.Valid || given == 0 {
		return v, tests, nil
	}
	alone, err := judge(ctx, api, text)
	if err != nil {
		return v, nil, err
	}
	if alone.Valid {
		tests.Failed = v.Problems
	}
	return alone, tests, nil
}

// together is the verdict on the file with the tests that were given.
func (out *validateOutput) together() Verdict {
	v := out.Verdict
	if out.Tests != nil && len(out.Tests.Failed) > 0 {
		v.Valid, v.Problems = false, out.Tests.Failed
	}
	return v
}

// unmatched says what it means that no rule matches: that somebody reaches nothing, or
// that there is nobody of that name.
func (c changer) unmatched(ctx context.Context, text string, in validateInput) (note string, err error) {
	if in.User == "" {
		return "no rule opens this address and port; explain_access says why", nil
	}
	users, err := c.api.List(ctx, tsapi.Request{Op: "listUsers", Query: url.Values{"type": {"all"}}}, "users")
	if err != nil {
		return "no rule is about this user, and whether there is one could not be read", nil //nolint:nilerr // the preview stands by itself
	}
	var near []string
	part, _, _ := strings.Cut(strings.ToLower(in.User), "@")
	for _, u := range users {
		login := u.Text("loginName")
		if strings.EqualFold(login, in.User) {
			return "no rule is about this user", nil
		}
		if strings.Contains(strings.ToLower(login), part) && part != "" {
			near = append(near, login)
		}
	}
	if strings.Contains(in.User, "@") && strings.Contains(strings.ToLower(text), strings.ToLower(`"`+in.User+`"`)) {
		return "no rule is about this user, who is not in the tailnet yet", nil
	}
	next := "give a login as list_users shows it"
	if len(near) > 0 {
		slices.Sort(near)
		next = "give one of these logins: " + few(near)
	}
	return "", tool.Invalidf(next, "the tailnet has no user %s", strconv.QuoteToASCII(tool.Clip(in.User)))
}

func (in validateInput) check() error {
	if in.User != "" && in.Address != "" {
		return tool.Invalidf("give previewUser or previewAddress", "one preview at a time")
	}
	if _, err := netip.ParseAddrPort(in.Address); in.Address != "" && err != nil {
		return tool.Invalidf("give an address and a port, such as 100.64.0.1:22, or ask explain_access, which takes names", "previewAddress is no ip:port")
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
