// SPDX-License-Identifier: MIT

package tool

import (
	"slices"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// The decisions. Listing, calling, completing and the whoami tool all ask
// these four functions and nothing else, so what is listed is what can be used.

func mayCall(c caller.Caller, t Tool) grant.Decision {
	if t.ForEveryone && identified(c) {
		return toEveryone()
	}
	return c.Rules.Tool(t.Granted())
}

func toEveryone() grant.Decision {
	return grant.Decision{Allowed: true, By: "every identified caller"}
}

// identified keeps the zero Caller out of what is for everyone.
func identified(c caller.Caller) bool { return len(c.Principals()) > 0 }

// mayList decides about a resource in a list: for a family, whether any of it
// may be read.
func mayList(c caller.Caller, r Resource) grant.Decision {
	if r.Template() {
		return c.Rules.Template(r.granted())
	}
	return c.Rules.Resource(r.URI)
}

// mayRead decides about one URI, of the member id when r is a family.
func mayRead(c caller.Caller, r Resource, uri, id string) grant.Decision {
	if !r.Template() {
		return c.Rules.Resource(uri)
	}
	decision := c.Rules.Instance(r.granted(), uri)
	if !decision.Allowed && grant.IsURI(uri) {
		// A client that fills in the template writes svc%3Aweb, and a grant says
		// svc:web: it is the same member.
		decision = c.Rules.Instance(r.granted(), r.instance(id))
	}
	return decision
}

func (d *Dispatcher) mayPrompt(c caller.Caller, p Prompt) grant.Decision {
	tools := make([]grant.Tool, 0, len(p.Tools))
	for _, name := range p.Tools {
		if t := d.registry.byName[name]; !t.ForEveryone || !identified(c) {
			tools = append(tools, t.Granted())
		}
	}
	if len(tools) == 0 && len(p.Tools) > 0 {
		return toEveryone()
	}
	return c.Rules.All(tools)
}

// Tools returns the tools that c may call.
func (d *Dispatcher) Tools(c caller.Caller) []Tool {
	return slices.DeleteFunc(d.registry.Tools(), func(t Tool) bool { return !mayCall(c, t).Allowed })
}

// Resources returns the resources and templates of which c may read something.
func (d *Dispatcher) Resources(c caller.Caller) []Resource {
	return slices.DeleteFunc(d.registry.Resources(), func(r Resource) bool { return !mayList(c, r).Allowed })
}

// Prompts returns the prompts all of whose tools c may call.
func (d *Dispatcher) Prompts(c caller.Caller) []Prompt {
	return slices.DeleteFunc(d.registry.Prompts(), func(p Prompt) bool { return !d.mayPrompt(c, p).Allowed })
}

// denied is what a caller is told who may not: the entry that would allow it
// on this host and the place it goes to, never whether the thing exists.
func (d *Dispatcher) denied(c caller.Caller, what string, tools, resources []string) *Error {
	host := d.host()
	missing := grant.Missing{
		Capability: d.capability,
		Src:        c.Principals(),
		Dst:        host.Name,
		Port:       host.Port,
		Tools:      tools,
		Resources:  resources,
	}
	next := "call whoami to see what you may use"
	if text := missing.String(); text != "" {
		next = "an administrator of the tailnet adds this to \"grants\" in the tailnet policy file " +
			"(https://login.tailscale.com/admin/acls/file):\n" + text
	}
	return &Error{
		Code:    CodeAccessDenied,
		Message: c.String() + " may not use " + what + " on this host",
		Next:    next,
	}
}

// Explain returns the decision about one tool and, when it is no, the grant
// that would change it.
func (d *Dispatcher) Explain(c caller.Caller, t Tool) (decision grant.Decision, missing string) {
	decision = mayCall(c, t)
	if decision.Allowed {
		return decision, ""
	}
	host := d.host()
	return decision, grant.Missing{
		Capability: d.capability, Src: c.Principals(), Dst: host.Name, Port: host.Port, Tools: []string{t.Name},
	}.String()
}
