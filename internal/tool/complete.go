// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// mostCompletions is the protocol's bound on the values of one completion.
const mostCompletions = 100

// CompleteResource offers values for the variable of the template r.Name. The
// only values offered are those that the caller may go on to read.
func (d *Dispatcher) CompleteResource(ctx context.Context, c caller.Caller, r Request, prefix string) (values []string, total int, err error) {
	i := slices.IndexFunc(d.registry.resources, func(res Resource) bool { return res.URI == r.Name })
	if i < 0 {
		return nil, 0, d.unknown(ctx, c, r, "resource")
	}
	res := d.registry.resources[i]
	source := res.Complete
	if source != nil {
		source = func(ctx context.Context, prefix string) ([]string, error) {
			all, err := res.Complete(ctx, prefix)
			var readable []string // a new list: the other may be shared
			for _, id := range all {
				if mayRead(c, res, res.instance(id), id).Allowed {
					readable = append(readable, id)
				}
			}
			return readable, err
		}
	}
	refusal := func() *Error { return d.denied(c, "the resource "+res.URI, nil, []string{res.URI}) }
	return d.complete(ctx, c, r, mayList(c, res), refusal, source, prefix)
}

// CompletePrompt offers values for the argument of the prompt r.Name.
func (d *Dispatcher) CompletePrompt(ctx context.Context, c caller.Caller, r Request, argument, prefix string) (values []string, total int, err error) {
	p, ok := d.registry.prompt(r.Name)
	if !ok {
		return nil, 0, d.unknown(ctx, c, r, "prompt")
	}
	var source func(context.Context, string) ([]string, error)
	for _, a := range p.Arguments {
		if a.Name == argument {
			source = a.Complete
		}
	}
	refusal := func() *Error { return d.denied(c, "the prompt "+p.Name, p.Tools, nil) }
	return d.complete(ctx, c, r, d.mayPrompt(c, p), refusal, source, prefix)
}

func (d *Dispatcher) complete(ctx context.Context, c caller.Caller, r Request, decision grant.Decision, refusal func() *Error,
	source func(context.Context, string) ([]string, error), prefix string,
) (values []string, total int, err error) {
	_, err = d.perform(ctx, c, r, job{
		class: grant.Read, decision: decision, refusal: refusal, timeout: DefaultTimeout,
		run: func(ctx context.Context) (json.RawMessage, error) {
			if source == nil {
				return nil, nil
			}
			var err error
			values, err = source(ctx, prefix)
			return nil, err
		},
	})
	if err != nil {
		return nil, 0, err
	}
	total = len(values)
	// Never nil: the protocol wants a list.
	return append([]string{}, values[:min(total, mostCompletions)]...), total, nil
}
