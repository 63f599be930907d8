// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"slices"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
)

// The decisions. Listing, calling, completing and the whoami tool all ask
// these four functions and nothing else, so what is listed is what can be used.

func (d *Dispatcher) mayCall(c caller.Caller, t Tool) grant.Decision {
	if t.ForEveryone && t.Server == "" && identified(c) {
		return toEveryone()
	}
	return d.rules(c).Tool(t.Granted())
}

// rules are what c is granted at this moment.
func (d *Dispatcher) rules(c caller.Caller) grant.Rules { return c.Rules.At(d.now()) }

func toEveryone() grant.Decision {
	return grant.Decision{Allowed: true, By: "every identified caller"}
}

// identified keeps the zero Caller out of what is for everyone.
func identified(c caller.Caller) bool { return len(c.Principals()) > 0 }

// mayList decides about a resource in a list: for a family, whether any of it
// may be read.
func (d *Dispatcher) mayList(c caller.Caller, r Resource) grant.Decision {
	if r.Template() {
		return d.rules(c).Template(r.granted())
	}
	return d.rules(c).Resource(grant.Resource{Server: r.Server, URI: r.URI, Devices: r.Devices})
}

// mayRead decides about one URI, of a member when r is a family.
func (d *Dispatcher) mayRead(c caller.Caller, r Resource, uri string) grant.Decision {
	if r.Template() {
		return d.rules(c).Instance(r.granted(), uri)
	}
	return d.rules(c).Resource(grant.Resource{Server: r.Server, URI: uri, Devices: r.Devices})
}

func (d *Dispatcher) mayPrompt(c caller.Caller, now *Snapshot, p Prompt) grant.Decision {
	if p.Server != "" {
		return d.rules(c).Prompt(p.Server, p.Name)
	}
	tools := make([]grant.Tool, 0, len(p.Tools))
	for _, name := range p.Tools {
		if t := now.byName[name]; !t.ForEveryone || !identified(c) {
			tools = append(tools, t.Granted())
		}
	}
	if len(tools) == 0 && len(p.Tools) > 0 {
		return toEveryone()
	}
	return d.rules(c).All(tools)
}

// narrowed reports whether a tool of the prompt is only granted for some devices.
func (d *Dispatcher) narrowed(c caller.Caller, now *Snapshot, p Prompt) bool {
	return slices.ContainsFunc(p.Tools, func(name string) bool { return d.mayCall(c, *now.byName[name]).Terms.Narrow() })
}

// Tools returns the tools that c may call.
func (d *Dispatcher) Tools(c caller.Caller) []Tool { return d.ToolsOf(d.Snapshot(), c) }

// ToolsOf is Tools of a snapshot, for those who show what belongs to it.
func (d *Dispatcher) ToolsOf(now *Snapshot, c caller.Caller) []Tool {
	return slices.DeleteFunc(now.Tools(), func(t Tool) bool { return !d.mayCall(c, t).Allowed })
}

// Weight is how many calls in flight one call of the tool name counts as for c. A
// call that is refused costs no more than any other.
func (d *Dispatcher) Weight(c caller.Caller, name string) int {
	if t, ok := d.Snapshot().byName[name]; ok && d.mayCall(c, *t).Allowed {
		return max(1, t.Weight)
	}
	return 1
}

// Resources returns the resources and templates of which c may read something.
func (d *Dispatcher) Resources(c caller.Caller) []Resource { return d.ResourcesOf(d.Snapshot(), c) }

// ResourcesOf is Resources of a snapshot.
func (d *Dispatcher) ResourcesOf(now *Snapshot, c caller.Caller) []Resource {
	return slices.DeleteFunc(now.Resources(), func(r Resource) bool { return !d.mayList(c, r).Allowed })
}

// Prompts returns the prompts all of whose tools c may call.
func (d *Dispatcher) Prompts(c caller.Caller) []Prompt { return d.PromptsOf(d.Snapshot(), c) }

// PromptsOf is Prompts of a snapshot.
func (d *Dispatcher) PromptsOf(now *Snapshot, c caller.Caller) []Prompt {
	return slices.DeleteFunc(now.Prompts(), func(p Prompt) bool { return !d.mayPrompt(c, now, p).Allowed })
}

// denied is what a caller is told who may not: the entry that would allow it
// on this host and the place it goes to, never whether the thing exists.
func (d *Dispatcher) denied(c caller.Caller, what string, missing grant.Missing) *Error {
	host := d.host()
	missing.Capability, missing.Src, missing.Dst, missing.Port = d.capability, c.Principals(), host.Name, host.Port
	next := "call whoami to see what you may use"
	if text := missing.String(); text != "" {
		next = "an administrator of the tailnet adds this to \"grants\" in the tailnet policy file " +
			"(https://login.tailscale.com/admin/acls/file):\n" + text
	}
	return &Error{
		Code:    failure.AccessDenied,
		Message: c.String() + " may not use " + what + d.of() + " on this host",
		Next:    next,
	}
}

// selector is how a grant names a tool or resource of the dispatcher's server.
func (d *Dispatcher) selector(name string) string {
	if d.server == "" {
		return name
	}
	return d.server + "/" + name
}

// selectors are what a grant would say to allow uri, as a client wrote it. One
// that reads as a wider selector ("tailscale://device/*" is one, and so is
// "tailscale://device/{id}") must not be handed out to be pasted: nobody has
// asked for all of the family in words that an administrator would notice.
func (d *Dispatcher) selectors(uri string) []string {
	if !grant.IsURI(uri) {
		return nil
	}
	return []string{d.selector(uri)}
}

// missingPrompt is what would allow a prompt: of a server itself, of ours its tools.
func (d *Dispatcher) missingPrompt(p Prompt) grant.Missing {
	if p.Server != "" {
		return grant.Missing{Prompts: []string{d.selector(p.Name)}}
	}
	return grant.Missing{Tools: p.Tools}
}

// of names the server behind the gate that the dispatcher is for, within a sentence.
func (d *Dispatcher) of() string {
	if d.server == "" {
		return ""
	}
	return " of the server " + d.server
}

// Explain returns the decision about the tool name and, when it is no, the grant
// that would change it.
func (d *Dispatcher) Explain(c caller.Caller, name string) (decision grant.Decision, missing string) {
	t, ok := d.Snapshot().byName[name]
	if !ok {
		return decision, ""
	}
	decision = d.mayCall(c, *t)
	if decision.Allowed {
		return decision, ""
	}
	host := d.host()
	return decision, grant.Missing{
		Capability: d.capability, Src: c.Principals(), Dst: host.Name, Port: host.Port, Tools: []string{d.selector(name)},
	}.String()
}

// Kind is what a request is about.
type Kind int

// The kinds of what a server can ask its client during.
const (
	ATool Kind = iota
	APrompt
	AResource
)

// Again decides anew about a request to a server behind the gate that was allowed before and
// goes on with more of its caller. The error, which is on record, says that it may not.
func (d *Dispatcher) Again(ctx context.Context, c caller.Caller, r Request, kind Kind) error {
	now := d.Snapshot()
	var decision grant.Decision
	var missing grant.Missing
	what := "the tool "
	switch kind {
	case ATool:
		if t := now.byName[r.Name]; t != nil {
			decision = d.mayCall(c, *t)
		}
		missing = grant.Missing{Tools: []string{d.selector(r.Name)}}
	case APrompt:
		what = "the prompt "
		if p, ok := now.prompt(r.Name); ok {
			decision, missing = d.mayPrompt(c, now, p), d.missingPrompt(p)
		}
	case AResource:
		what = "the resource "
		if now.Others() {
			decision = d.mayReadOther(now, c, r.Name)
		}
		missing = grant.Missing{Resources: d.selectors(r.Name)}
	}
	if decision.Allowed {
		return nil
	}
	d.Refused(ctx, c, r, "no grant allows it any more")
	return shown(d.denied(c, what+quote(r.Name), missing))
}
