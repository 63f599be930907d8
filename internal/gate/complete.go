// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"regexp"
	"slices"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/visible"
)

// mostCompletions is the protocol's bound on the values of one completion.
const mostCompletions = 100

// CompleteResource offers values for the variable of the template r.Name. The
// only values offered are those that the caller may go on to read.
func (d *Dispatcher) CompleteResource(ctx context.Context, c caller.Caller, r Request, prefix string) (values []string, total int, err error) {
	now := d.Snapshot()
	i := slices.IndexFunc(now.resources, func(res Resource) bool { return res.URI == r.Name })
	if i < 0 {
		return nil, 0, d.unknown(ctx, c, r, "resource")
	}
	res := now.resources[i]
	source, listed := res.Complete, d.mayList(c, res)
	if source != nil {
		source = func(ctx context.Context, call Call, prefix string) ([]string, error) {
			all, err := res.Complete(ctx, call, prefix)
			var readable []string // a new list: the other may be shared
			for _, id := range all {
				if offered(d.mayRead(c, res, res.instance(id)), listed) {
					readable = append(readable, id)
				}
			}
			return readable, err
		}
	}
	refusal := func() *Error {
		return d.denied(c, "the resource "+res.URI, grant.Missing{Resources: []string{d.selector(res.selector())}})
	}
	return d.complete(ctx, c, r, now, listed, refusal, source, prefix)
}

// offered reports whether a member of a family may be offered among those that the
// entries of listed find: one that needs the devices of an entry must be allowed by
// all of those, since it is not known by which of them it was found.
func offered(member, listed grant.Decision) bool {
	return member.Allowed && (member.Terms == nil ||
		listed.Terms != nil && len(member.Terms.Ways) == len(listed.Terms.Ways))
}

// CompletePrompt offers values for the argument of the prompt r.Name.
func (d *Dispatcher) CompletePrompt(ctx context.Context, c caller.Caller, r Request, argument, prefix string) (values []string, total int, err error) {
	now := d.Snapshot()
	p, ok := now.prompt(r.Name)
	if !ok {
		return nil, 0, d.unknown(ctx, c, r, "prompt")
	}
	var source Completion
	for _, a := range p.Arguments {
		if a.Name == argument {
			source = a.Complete
		}
	}
	if d.narrowed(c, now, p) {
		source = nil // values come from all that there is
	}
	refusal := func() *Error { return d.denied(c, "the prompt "+p.Name, d.missingPrompt(p)) }
	return d.complete(ctx, c, r, now, d.mayPrompt(c, now, p), refusal, source, prefix)
}

// CompleteOther has a server offer values for an argument of the prompt r.Name, or for a
// variable of its template of that name; params are those of the request. Whoever may not
// read all of a family is offered no values of it: they would be names of the rest.
func (d *Dispatcher) CompleteOther(ctx context.Context, c caller.Caller, r Request, prompt bool, params json.RawMessage) (Result, error) {
	now := d.Snapshot()
	var decision grant.Decision
	refusal := func() *Error { return d.denied(c, "the resource "+quote(r.Name), grant.Missing{}) }
	if prompt {
		p, ok := now.prompt(r.Name)
		if !ok {
			return Result{}, d.unknown(ctx, c, r, "prompt")
		}
		decision, refusal = d.mayPrompt(c, now, p), func() *Error { return d.denied(c, "the prompt "+p.Name, d.missingPrompt(p)) }
	} else {
		if now.others == nil || !slices.ContainsFunc(now.others.Templates, func(l Listed) bool { return l.URI == r.Name }) {
			return Result{}, d.unknown(ctx, c, r, "resource template")
		}
		decision = d.rules(c).Template(grant.Template{Server: d.server, URI: r.Name})
	}
	whole := prompt || d.rules(c).Instance(grant.Template{Server: d.server, URI: r.Name}, instanceOf(r.Name)).Allowed
	return d.perform(ctx, c, r, job{
		snapshot: now, class: grant.Read, decision: decision, refusal: refusal, timeout: DefaultTimeout, limit: d.resourceLimit,
		run: func(ctx context.Context, call Call) (Result, error) {
			if !whole {
				return Result{Raw: json.RawMessage(`{"completion":{"values":[]}}`)}, nil
			}
			return now.complete(ctx, call, params)
		},
	})
}

// expression is a variable of a template (RFC 6570).
var expression = regexp.MustCompile(`\{[^{}]*\}`)

// instanceOf is a member of a family that nobody has named in a grant: who may read it,
// may read all of the family.
func instanceOf(template string) string {
	return expression.ReplaceAllStringFunc(template, func(string) string { return rand.Text() })
}

func (d *Dispatcher) complete(ctx context.Context, c caller.Caller, r Request, now *Snapshot, decision grant.Decision, refusal func() *Error,
	source Completion, prefix string,
) (values []string, total int, err error) {
	_, err = d.perform(ctx, c, r, job{
		snapshot: now, class: grant.Read, decision: decision, refusal: refusal, timeout: DefaultTimeout,
		run: func(ctx context.Context, call Call) (out Result, err error) {
			if source != nil {
				values, err = source(ctx, call, prefix)
			}
			return out, err
		},
	})
	if err != nil {
		return nil, 0, err
	}
	total = len(values)
	shown := []string{} // never nil: the protocol wants a list
	for _, value := range values[:min(total, mostCompletions)] {
		shown = append(shown, visible.Text(value))
	}
	return shown, total, nil
}
