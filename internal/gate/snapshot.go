// SPDX-License-Identifier: MIT

package gate

import (
	"cmp"
	"slices"

	"tailscale-mcp/internal/grant"
)

// Snapshot is what one server offers at one time, in the order of names. It never
// changes; a request takes one and holds to it.
type Snapshot struct {
	ceiling   []grant.Class
	tools     []Tool
	byName    map[string]*Tool // of tools
	resources []Resource
	prompts   []Prompt
}

// newSnapshot keeps of an offer that is sound what the ceiling admits.
func newSnapshot(ceiling []grant.Class, o Offer) *Snapshot {
	s := &Snapshot{ceiling: slices.Clone(ceiling), byName: map[string]*Tool{}}
	for _, t := range o.Tools {
		if !slices.Contains(ceiling, t.Class) && !t.ForEveryone {
			continue
		}
		t.Timeout = cmp.Or(t.Timeout, DefaultTimeout)
		s.tools = append(s.tools, t)
	}
	slices.SortFunc(s.tools, func(a, b Tool) int { return cmp.Compare(a.Name, b.Name) })
	for i := range s.tools {
		s.byName[s.tools[i].Name] = &s.tools[i]
	}
	if slices.Contains(ceiling, grant.Read) {
		s.resources = slices.Clone(o.Resources)
	}
	for _, p := range o.Prompts {
		if !slices.ContainsFunc(p.Tools, func(name string) bool { _, ok := s.byName[name]; return !ok }) {
			s.prompts = append(s.prompts, p)
		}
	}
	slices.SortFunc(s.resources, func(a, b Resource) int { return cmp.Compare(a.URI, b.URI) })
	slices.SortFunc(s.prompts, func(a, b Prompt) int { return cmp.Compare(a.Name, b.Name) })
	return s
}

// Ceiling returns the classes that are offered.
func (s *Snapshot) Ceiling() []grant.Class { return slices.Clone(s.ceiling) }

// Tools returns every tool, by name.
func (s *Snapshot) Tools() []Tool { return slices.Clone(s.tools) }

// Resources returns every resource and template, by URI.
func (s *Snapshot) Resources() []Resource { return slices.Clone(s.resources) }

// Prompts returns every prompt, by name.
func (s *Snapshot) Prompts() []Prompt { return slices.Clone(s.prompts) }

// resource finds what serves uri: the fixed one, else the family.
func (s *Snapshot) resource(uri string) (Resource, string, bool) {
	for _, res := range s.resources {
		if !res.Template() && res.URI == uri {
			return res, "", true
		}
	}
	for _, res := range s.resources {
		if res.Template() {
			if id, ok := res.variable(uri); ok {
				return res, id, true
			}
		}
	}
	return Resource{}, "", false
}

func (s *Snapshot) prompt(name string) (Prompt, bool) {
	i := slices.IndexFunc(s.prompts, func(p Prompt) bool { return p.Name == name })
	if i < 0 {
		return Prompt{}, false
	}
	return s.prompts[i], true
}
