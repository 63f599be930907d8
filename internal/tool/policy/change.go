// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/difference"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// again is the next step of who is overtaken by another editor.
const again = "call get_policy, make the change in that file, and call again with its etag"

// mostShown bounds the difference, in bytes as it is shown. It is shown whole or not
// at all: nobody can confirm lines that were left out.
const mostShown = 24 << 10

type changeOutput struct {
	Difference string    `json:"difference" jsonschema:"the lines removed and added; each hunk says which parts of the file change in it"`
	Effects    []string  `json:"effects,omitempty" jsonschema:"who gains or loses what in the tailnet as it is; the gravest first"`
	ETag       string    `json:"etag,omitempty" jsonschema:"names the file as it is now"`
	Warnings   []finding `json:"warnings,omitempty" jsonschema:"what the Tailscale API warns of"`
	Note       string    `json:"note,omitempty" jsonschema:"what is to know about this change"`
}

// changer makes changes of the policy file. All tools that change it share its one way:
// the file as it is, the file as it is to be, the difference, the judgement of the API,
// who gains and loses what, the confirmation, the write.
type changer struct {
	Options
	api remembering
}

// base is the file that a change is based on.
type base struct {
	tsapi.Policy
	notes []string // what is to know before anybody changes it
}

// proposal is what a change makes of a file.
type proposal struct {
	text   string
	effect string   // such as "replaces the tailnet policy file"
	notes  []string // what is to know about it besides
	// made is set where the caller has not seen the new text, only what makes it.
	made bool
}

// present reads the file that a change is based on. It refuses the ETag of another one
// with that next step, and a file that is managed elsewhere. No ETag takes the file as it
// is: whoever confirms the change confirms it of that file.
func (c changer) present(ctx context.Context, etag, next string) (base, error) {
	notes, err := c.managed(ctx)
	if err != nil {
		return base{}, err
	}
	p, err := c.api.Policy(ctx)
	if err != nil {
		return base{}, err
	}
	if strings.TrimSpace(etag) == "" {
		etag = p.ETag
		notes = append(notes, "it is meant for the file with the etag "+strings.Trim(p.ETag, `"`))
	}
	if p.ETag == "" || !sameETag(p.ETag, etag) {
		return base{}, c.api.overtaken(etag, p, next)
	}
	return base{p, notes}, nil
}

// change replaces a file: once the new one is judged, shown and confirmed, and if the old
// one is still that file then.
func (c changer) change(ctx context.Context, call tool.Call, p base, to proposal, given tool.Confirmation) (changeOutput, error) {
	if to.text == p.HuJSON {
		return changeOutput{ETag: p.ETag, Note: "the file is like this already; nothing was sent"}, nil
	}
	out := changeOutput{Difference: difference.Unified(p.HuJSON, to.text)}
	shown := seen(out.Difference)
	if len(shown) > mostShown {
		return changeOutput{}, tool.Invalidf("make the change in smaller steps, or in the admin console",
			"nothing was changed: the difference has %d bytes, and what is more than %d is too much to be shown and confirmed", len(shown), mostShown)
	}
	v, err := judge(ctx, c.api, to.text)
	if err != nil {
		return changeOutput{}, err
	}
	if !v.Valid {
		return changeOutput{}, invalid(v, c.opinion(ctx, call, to.text), to.made, shown)
	}
	said, err := c.effects(ctx, call, p.HuJSON, to.text)
	if err != nil {
		return changeOutput{}, err
	}
	if said.more > 0 {
		return changeOutput{}, tool.Invalidf("make the change in smaller steps, or in the admin console",
			"nothing was changed: %d gains and losses more than %d would follow, too many to be named and confirmed", said.more, mostEffects)
	}
	out.Effects, out.Warnings = said.all, v.Warnings
	notes := slices.Concat(p.notes, to.notes, vanished(p.HuJSON, to.text))
	out.Note = strings.Join(notes, "; ")
	effect := strings.Join(slices.Concat([]string{to.effect}, said.all, notes), "; ")
	if len(v.Warnings) > 0 {
		effect += "; the Tailscale API takes the new file, and warns: " + list(v.Warnings)
	} else {
		effect += "; the Tailscale API takes the new file, and its tests pass"
	}
	name := "policy"
	if said.lost {
		name = "policy without my access"
	}
	question := effect + ":\n" + shown
	if doubt := said.own.against(v); doubt != "" {
		out.Note = strings.TrimPrefix(out.Note+"; "+doubt, "; ")
		err = call.ConfirmTwice(given, name, question, doubt)
	} else {
		err = call.Confirm(given, name, question)
	}
	if err != nil {
		return changeOutput{}, err
	}
	return c.write(ctx, p.Policy, to.text, out)
}

// write: https://tailscale.com/api#tag/policyfile/POST/tailnet/{tailnet}/acl
func (c changer) write(ctx context.Context, p tsapi.Policy, text string, out changeOutput) (changeOutput, error) {
	_, etag, err := c.api.Text(ctx, tsapi.Request{
		Op: "setPolicyFile", Body: text, ContentType: "application/hujson", Accept: "application/hujson", IfMatch: p.ETag,
	})
	if failure.CodeOf(err) == failure.Conflict {
		// Somebody was faster. What they did helps to do it again.
		if now, other := c.api.Policy(ctx); other == nil && !sameETag(now.ETag, p.ETag) {
			return changeOutput{}, c.api.overtaken(p.ETag, now, again)
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
func invalid(v Verdict, own opinion, made bool, shown string) error {
	e := tool.Invalidf("correct the file, see validate_policy", "nothing was changed: the new file is not valid; the Tailscale API says: %s", list(v.Problems))
	if differ := own.against(v); differ != "" {
		e.Message += "; " + differ
	}
	if made {
		e.Next, e.Private = "correct the operations", true
		e.Message += ". The operations would have made:\n" + shown
	}
	return e
}
