// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/difference"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// mostShown bounds the difference, in bytes as it is shown. It is shown whole or not
// at all: nobody can confirm lines that were left out.
const mostShown = 24 << 10

type changeOutput struct {
	Difference string    `json:"difference" jsonschema:"the lines removed and added; each hunk says which parts of the file change in it"`
	Effects    []string  `json:"effects,omitempty" jsonschema:"who gains or loses what, as far as the files tell; the gravest first"`
	ETag       string    `json:"etag,omitempty" jsonschema:"names the file as it is now"`
	Warnings   []finding `json:"warnings,omitempty" jsonschema:"what the Tailscale API warns of"`
	Note       string    `json:"note,omitempty" jsonschema:"what is to know about this change"`
}

// changer makes changes of the policy file. All tools that change it share its one way:
// the file as it is, the file as it is to be, the difference, the judgement of the API,
// who gains and loses what, the confirmation, the write.
type changer struct {
	api        remembering
	capability string
	tags       func(context.Context) []string
}

// change is what somebody wants of the policy file.
type change struct {
	etag   string // names the file that it is based on
	effect string // such as "replaces the tailnet policy file"
	// next makes the new text of the present one, and says what is to know about it.
	next func(present string) (text string, notes []string, err error)
	// made is set where the caller has not seen the new text, only what makes it.
	made bool
}

// make makes a change, or asks for its confirmation.
func (c changer) make(ctx context.Context, call tool.Call, confirmation tool.Confirmation, ch change) (changeOutput, error) {
	if strings.TrimSpace(ch.etag) == "" {
		return changeOutput{}, tool.Invalidf("call get_policy and give its etag", "the argument etag is empty")
	}
	notes, err := c.managed(ctx)
	if err != nil {
		return changeOutput{}, err
	}
	p, err := c.api.Policy(ctx)
	if err != nil {
		return changeOutput{}, err
	}
	if p.ETag == "" || !sameETag(p.ETag, ch.etag) {
		return changeOutput{}, c.api.overtaken(ch.etag, p)
	}
	text, more, err := ch.next(p.HuJSON)
	if err != nil {
		return changeOutput{}, err
	}
	if text == p.HuJSON {
		return changeOutput{ETag: p.ETag, Note: "the file is like this already; nothing was sent"}, nil
	}
	out := changeOutput{Difference: difference.Unified(p.HuJSON, text)}
	shown := seen(out.Difference)
	if len(shown) > mostShown {
		return changeOutput{}, tool.Invalidf("make the change in smaller steps, or in the admin console",
			"nothing was changed: the difference has %d bytes, and what is more than %d is too much to be shown and confirmed", len(shown), mostShown)
	}
	v, err := judge(ctx, c.api, text)
	if err != nil {
		return changeOutput{}, err
	}
	if !v.Valid {
		return changeOutput{}, invalid(v, ch.made, shown)
	}
	said, err := c.effects(ctx, call, p.HuJSON, text)
	if err != nil {
		return changeOutput{}, err
	}
	out.Effects, out.Warnings = said.all, v.Warnings
	notes = append(append(notes, more...), vanished(p.HuJSON, text)...)
	out.Note = strings.Join(notes, "; ")
	effect := strings.Join(append(append([]string{ch.effect}, said.all...), notes...), "; ")
	if len(v.Warnings) > 0 {
		effect += "; the Tailscale API takes the new file, and warns: " + list(v.Warnings)
	} else {
		effect += "; the Tailscale API takes the new file, and its tests pass"
	}
	name := "policy"
	if said.lost {
		name = "policy without my access"
	}
	if err := call.Confirm(confirmation, name, effect+":\n"+shown); err != nil {
		return changeOutput{}, err
	}
	return c.write(ctx, p, text, out)
}

// write: https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl
func (c changer) write(ctx context.Context, p tsapi.Policy, text string, out changeOutput) (changeOutput, error) {
	_, etag, err := c.api.Text(ctx, tsapi.Request{
		Op: "setPolicyFile", Body: text, ContentType: "application/hujson", Accept: "application/hujson", IfMatch: p.ETag,
	})
	if failure.CodeOf(err) == failure.Conflict {
		// Somebody was faster. What they did helps to do it again.
		if now, other := c.api.Policy(ctx); other == nil && !sameETag(now.ETag, p.ETag) {
			return changeOutput{}, c.api.overtaken(p.ETag, now)
		}
	}
	if err != nil {
		return changeOutput{}, err
	}
	if out.ETag = etag; etag == "" {
		out.Note = strings.TrimPrefix(out.Note+"; the change was made; call get_policy for the new etag", "; ")
	}
	return out, nil
}

// invalid is the error of a file that the API does not take.
func invalid(v Verdict, made bool, shown string) error {
	e := tool.Invalidf("correct the file, see validate_policy", "nothing was changed: the new file is not valid; the Tailscale API says: %s", list(v.Problems))
	if made {
		e.Next, e.Private = "correct the operations", true
		e.Message += ". The operations would have made:\n" + shown
	}
	return e
}
