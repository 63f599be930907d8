// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// Set is what one group of tools brings.
type Set struct {
	Tools     []Tool
	Resources []Resource
	Prompts   []Prompt
	// Withheld is what is not offered here, and why.
	Withheld []gate.Withheld
}

// Resource is something worth attaching to a conversation: one fixed URI, or a
// family of them (a template with one variable at its end).
type Resource struct {
	// URI is the URI, or for a family its RFC 6570 template with one variable
	// as the last path segment: tailscale://device/{+id}. A grant names it with {id}.
	URI string
	// Group is the family of tools that it belongs to; empty is that of the first tool of
	// its set, and in a set without tools none: it is of the server itself.
	Group string
	// Alias is a fixed URI that a grant may also name the whole family by.
	Alias string
	// Example is a value of a template's variable, for tests and the page of
	// reference.
	Example string

	Name        string
	Title       string
	Description string
	// MIMEType of the text.
	MIMEType string
	// Narrow says how to ask for less when the text is too large.
	Narrow string

	// Read returns the text. id is the variable of a template, decoded, and
	// empty for a fixed URI.
	Read func(ctx context.Context, id string) (string, error)
	// Complete offers values of the variable that begin with prefix; nil when
	// there is nothing to offer.
	Complete func(ctx context.Context, prefix string) ([]string, error)

	// narrowed is set for what keeps itself to the devices of its reader's grants.
	narrowed *narrowed
}

// Prompt is a question that administrators ask, written out for the model.
type Prompt struct {
	Name        string
	Title       string
	Description string
	Arguments   []Argument
	// Tools are the tools the prompt has the model use. It is offered to a
	// caller who may call every one of them.
	Tools []string
	// Render writes the prompt. Required arguments are present.
	Render func(arguments map[string]string) string
}

// Argument is one blank in a prompt.
type Argument struct {
	Name        string
	Description string
	Required    bool
	// Complete offers values that begin with prefix; may be nil.
	Complete func(ctx context.Context, prefix string) ([]string, error)
}

// NewRegistry returns a registry of what the sets bring and the ceiling admits, see
// [gate.NewRegistry].
func NewRegistry(ceiling []grant.Class, sets ...Set) *gate.Registry {
	offers := make([]gate.Offer, len(sets))
	for i, set := range sets {
		offers[i] = set.offer()
	}
	return gate.NewRegistry(ceiling, offers...)
}

// offer is the set as the gate serves it.
func (s Set) offer() (o gate.Offer) {
	o.Withheld = s.Withheld
	for _, t := range s.Tools {
		o.Tools = append(o.Tools, t.gate())
	}
	for _, r := range s.Resources {
		r.Group = s.groupOf(r)
		o.Resources = append(o.Resources, r.gate())
	}
	for _, p := range s.Prompts {
		o.Prompts = append(o.Prompts, p.gate())
	}
	return o
}

// groupOf is the family of tools that a resource of the set belongs to, or none.
func (s Set) groupOf(r Resource) string {
	if r.Group == "" && len(s.Tools) > 0 {
		return s.Tools[0].Group
	}
	return r.Group
}

// Within returns what of the set belongs to one of these groups, or to none. What is for
// everyone stays. Prompts go with their tools, once all sets are together.
func (s Set) Within(groups []string) Set {
	kept := Set{Prompts: s.Prompts, Withheld: s.Withheld}
	for _, t := range s.Tools {
		if t.ForEveryone || slices.Contains(groups, t.Group) {
			kept.Tools = append(kept.Tools, t)
		}
	}
	for _, r := range s.Resources {
		if r.Group = s.groupOf(r); r.Group == "" || slices.Contains(groups, r.Group) {
			kept.Resources = append(kept.Resources, r)
		}
	}
	return kept
}

// Template reports whether the resource is a family.
func (r Resource) Template() bool { return strings.HasSuffix(r.URI, "}") }

func (r Resource) gate() gate.Resource {
	out := gate.Resource{
		URI: r.URI, Source: r.Group, Alias: r.Alias, Name: r.Name, Title: r.Title, Description: r.Description,
		MIMEType: r.MIMEType, Narrow: r.Narrow, Complete: completion(r.Complete),
	}
	read := r.Read
	if r.narrowed != nil {
		out.Devices, out.Complete = true, r.narrowed.completion()
	} else if read == nil {
		return out // and the gate says so
	}
	out.Read = func(ctx context.Context, call Call, id string) (gate.Result, error) {
		ctx, trace := traced(ctx, call)
		defer func() { call.Answered(trace.Status()) }()
		var text string
		var err error
		if r.narrowed != nil {
			text, err = asJSON(r.narrowed.read(ctx, call, id))
		} else {
			text, err = read(ctx, id)
		}
		if r.MIMEType == "application/json" {
			return gate.Result{Structured: []byte(text)}, err
		}
		return gate.Result{Text: text}, err
	}
	return out
}

func (p Prompt) gate() gate.Prompt {
	out := gate.Prompt{
		Name: p.Name, Title: p.Title, Description: p.Description, Tools: p.Tools,
		Get: func(_ context.Context, _ Call, arguments map[string]string) (gate.Result, error) {
			return gate.Result{Text: p.Render(arguments)}, nil
		},
	}
	for _, a := range p.Arguments {
		out.Arguments = append(out.Arguments, gate.Argument{
			Name: a.Name, Description: a.Description, Required: a.Required, Complete: completion(a.Complete),
		})
	}
	return out
}

func completion(complete func(context.Context, string) ([]string, error)) gate.Completion {
	if complete == nil {
		return nil
	}
	return func(ctx context.Context, call Call, prefix string) ([]string, error) {
		ctx, trace := traced(ctx, call)
		defer func() { call.Answered(trace.Status()) }()
		return complete(ctx, prefix)
	}
}
