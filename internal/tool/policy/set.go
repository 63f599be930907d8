// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type setInput struct {
	Policy string `json:"policy" jsonschema:"the whole new policy file in HuJSON, comments included; it replaces the present one"`
	ETag   string `json:"etag" jsonschema:"the etag of the file that was changed, as get_policy gives it"`
	tool.Confirmation
}

type setOutput struct {
	Difference string    `json:"difference" jsonschema:"the lines removed and added"`
	ETag       string    `json:"etag,omitempty" jsonschema:"names the file as it is now"`
	Warnings   []finding `json:"warnings,omitempty" jsonschema:"what the Tailscale API warns of"`
	Note       string    `json:"note,omitempty" jsonschema:"what is to know about this change"`
}

// mostShown bounds the difference, in bytes as it is shown. It is shown whole or not
// at all: nobody can confirm lines that were left out.
const mostShown = 24 << 10

type setter struct {
	api        API
	capability string
	tags       func(context.Context) []string
}

func (s setter) tool() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_policy", Title: "Replace the policy file", Group: group, Class: grant.Escalating,
		Operations: []string{"getPolicyFile", "validateAndTestPolicyFile", "setPolicyFile"},
		Example:    json.RawMessage(`{"policy":"// Nobody.\n{\"grants\": []}","etag":"e0b2816b418b3f266309d94426ac7668"}`),
		Description: "Replaces the tailnet policy file, which decides who may reach and do what. Read it whole with get_policy, change it, keep its comments, and give its etag: " +
			"if somebody changed the file since, the call is refused as a conflict. The file is checked with its tests first. Called without confirm it changes nothing and shows the difference by lines; one of more than 24 KiB is refused. " +
			"It says when the change may take away what, as far as the file tells, lets the caller use this server. Three calls to the Tailscale API.",
	}, s.set)
}

// set: https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl
func (s setter) set(ctx context.Context, call tool.Call, in setInput) (setOutput, error) {
	if strings.TrimSpace(in.ETag) == "" {
		return setOutput{}, tool.Invalidf("call get_policy and give its etag", "the argument etag is empty")
	}
	if _, err := parse(in.Policy); err != nil {
		return setOutput{}, err
	}
	p, err := s.present(ctx, in.ETag, "call get_policy, make the change in that file, and call again with its etag")
	if err != nil {
		return setOutput{}, err
	}
	return s.change(ctx, call, p, in.Policy, "replaces the tailnet policy file", in.Confirmation)
}

// present reads the file that a change is based on, and refuses an etag of another one
// with that next step.
func (s setter) present(ctx context.Context, etag, next string) (tsapi.Policy, error) {
	p, err := s.api.Policy(ctx)
	if err == nil && (p.ETag == "" || strings.Trim(p.ETag, `"`) != strings.Trim(etag, `"`)) {
		err = &tsapi.Error{
			Code: failure.Conflict, Op: "setPolicyFile",
			Message: "nothing was changed: the etag is not that of the present policy file, which was changed meanwhile",
			Next:    next,
		}
	}
	return p, err
}

// change replaces the file p by text: once it is judged, shown and confirmed, and if it
// is still that file then. effect says what the change does, before what follows from it.
func (s setter) change(ctx context.Context, call tool.Call, p tsapi.Policy, text, effect string, given tool.Confirmation) (setOutput, error) {
	next, err := parse(text)
	if err != nil {
		return setOutput{}, err
	}
	if p.HuJSON == text {
		return setOutput{ETag: p.ETag, Note: "the file is like this already; nothing was sent"}, nil
	}
	out := setOutput{Difference: difference(p.HuJSON, text)}
	shown := seen(out.Difference)
	if len(shown) > mostShown {
		return setOutput{}, tool.Invalidf("make the change in smaller steps, or in the admin console",
			"nothing was changed: the difference has %d bytes, and what is more than %d is too much to be shown and confirmed", len(shown), mostShown)
	}
	v, err := judge(ctx, s.api, text)
	if err != nil {
		return setOutput{}, err
	}
	if !v.Valid {
		return setOutput{}, tool.Invalidf("correct the file, see validate_policy", "nothing was changed: the new file is not valid; the Tailscale API says: %s", list(v.Problems))
	}
	out.Warnings = v.Warnings
	name := "policy"
	old, err := parse(p.HuJSON)
	if err != nil || policy.Loses(call.Caller, s.capability, s.tags(ctx), old, next) {
		name, effect = "policy without my access", effect+" and may take away or change the access by which you use this server right now"
	}
	effect += gives(s.capability, old, next)
	if next.Open() && (err != nil || !old.Open()) {
		effect += "; the new file has neither acls nor grants, which Tailscale takes for its default: every device may reach every other"
	}
	if commented(p.HuJSON) && !commented(text) {
		out.Note = "all comments of the file are removed"
		effect += "; " + out.Note
	}
	if lost := gone(p.HuJSON, text); lost != "" {
		out.Note = strings.TrimPrefix(out.Note+"; "+lost, "; ")
		effect += "; " + lost
	}
	if len(v.Warnings) > 0 {
		effect += "; the Tailscale API warns: " + list(v.Warnings)
	}
	if err := call.Confirm(given, name, effect+":\n"+shown); err != nil {
		return setOutput{}, err
	}
	_, out.ETag, err = s.api.Text(ctx, tsapi.Request{
		Op: "setPolicyFile", Body: text, ContentType: "application/hujson", Accept: "application/hujson", IfMatch: p.ETag,
	})
	if err != nil {
		return setOutput{}, err
	}
	if out.ETag == "" {
		out.Note = strings.TrimPrefix(out.Note+"; the change was made; call get_policy for the new etag", "; ")
	}
	return out, nil
}

// commented reports whether a file has comments: they become space in the standard
// form.
func commented(text string) bool {
	standard, err := hujson.Standardize([]byte(text))
	if err != nil || len(standard) != len(text) {
		return false
	}
	for i := range standard {
		if text[i] == '/' && standard[i] == ' ' {
			return true
		}
	}
	return false
}
