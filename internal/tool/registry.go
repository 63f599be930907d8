// SPDX-License-Identifier: MIT

package tool

import (
	"cmp"
	"fmt"
	"slices"

	"tailscale-mcp/internal/grant"
)

// Set is what one group of tools brings.
type Set struct {
	Tools     []Tool
	Resources []Resource
	Prompts   []Prompt
}

// Registry holds everything this host offers, in the order of names. It is
// made once at start and never changes.
type Registry struct {
	ceiling   []grant.Class
	tools     []Tool
	byName    map[string]Tool
	resources []Resource
	prompts   []Prompt
}

// NewRegistry takes the sets of all groups and keeps what the host's ceiling
// (TAILSCALE_MCP_ALLOW) admits: a tool of another class is not there at all,
// whatever a grant says, and neither is a prompt that would use it. Resources
// are reads. Two of one name, and a resource that cannot be served, are a
// programmer's error and panic, whatever the ceiling is.
func NewRegistry(ceiling []grant.Class, sets ...Set) *Registry {
	r := &Registry{ceiling: slices.Clone(ceiling), byName: map[string]Tool{}}
	check(sets)
	for _, set := range sets {
		for _, t := range set.Tools {
			if !slices.Contains(ceiling, t.Class) && !t.ForEveryone {
				continue
			}
			r.byName[t.Name] = t
			r.tools = append(r.tools, t)
		}
		if slices.Contains(ceiling, grant.Read) {
			r.resources = append(r.resources, set.Resources...)
		}
	}
	for _, set := range sets {
		for _, p := range set.Prompts {
			if !slices.ContainsFunc(p.Tools, func(name string) bool { _, ok := r.byName[name]; return !ok }) {
				r.prompts = append(r.prompts, p)
			}
		}
	}
	slices.SortFunc(r.tools, func(a, b Tool) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(r.resources, func(a, b Resource) int { return cmp.Compare(a.URI, b.URI) })
	slices.SortFunc(r.prompts, func(a, b Prompt) int { return cmp.Compare(a.Name, b.Name) })
	return r
}

// check panics about what no registry can hold.
func check(sets []Set) {
	seen := map[string]bool{}
	once := func(kind, name string) {
		if seen[kind+name] {
			panic(fmt.Sprintf("two %ss are named %s", kind, name))
		}
		seen[kind+name] = true
	}
	for _, set := range sets {
		for _, t := range set.Tools {
			once("tool", t.Name)
		}
		for _, res := range set.Resources {
			once("resource", res.URI)
			if err := res.check(); err != nil {
				panic("resource " + res.URI + ": " + err.Error())
			}
		}
		for _, p := range set.Prompts {
			once("prompt", p.Name)
		}
	}
}

// Ceiling returns the classes this host offers.
func (r *Registry) Ceiling() []grant.Class { return slices.Clone(r.ceiling) }

// Tools returns every tool, by name.
func (r *Registry) Tools() []Tool { return slices.Clone(r.tools) }

// Resources returns every resource and template, by URI.
func (r *Registry) Resources() []Resource { return slices.Clone(r.resources) }

// Prompts returns every prompt, by name.
func (r *Registry) Prompts() []Prompt { return slices.Clone(r.prompts) }

// resource finds what serves uri: the fixed one, else the family.
func (r *Registry) resource(uri string) (Resource, string, bool) {
	for _, res := range r.resources {
		if !res.Template() && res.URI == uri {
			return res, "", true
		}
	}
	for _, res := range r.resources {
		if res.Template() {
			if id, ok := res.variable(uri); ok {
				return res, id, true
			}
		}
	}
	return Resource{}, "", false
}

func (r *Registry) prompt(name string) (Prompt, bool) {
	i := slices.IndexFunc(r.prompts, func(p Prompt) bool { return p.Name == name })
	if i < 0 {
		return Prompt{}, false
	}
	return r.prompts[i], true
}
