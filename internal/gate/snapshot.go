// SPDX-License-Identifier: MIT

package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

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
	others    *Others // of a server that lists its resources itself, and is allowed to be read
	complete  func(ctx context.Context, call Call, params json.RawMessage) (Result, error)
	withheld  []Withheld // what is not offered, in the order of names
	view      View       // what of another snapshot it is
	views     views      // what of it clients have asked for
}

// Withheld is a tool that this program has and that this host does not offer. Who is
// granted it is told why; to all others it is a name like any that there is not.
type Withheld struct {
	Tool grant.Tool
	// Why are all the reasons, so that one visit of an administrator removes them.
	Why []Reason
	// asked is set where the host offers it, and the client has asked for less.
	asked bool
}

// Reason is why a host does not offer something, for those who miss it.
type Reason struct {
	// What is the reason, as a clause: "this host has no API credential".
	What string
	// Next is what an administrator of the host does about it.
	Next string
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
		s.resources, s.others, s.complete = slices.Clone(o.Resources), o.Others, o.Complete
	}
	for _, p := range o.Prompts {
		if !slices.ContainsFunc(p.Tools, func(name string) bool { _, ok := s.byName[name]; return !ok }) {
			s.prompts = append(s.prompts, p)
		}
	}
	for _, w := range o.Withheld {
		if s.byName[w.Tool.Name] == nil {
			s.withheld = append(s.withheld, w)
		}
	}
	slices.SortFunc(s.withheld, func(a, b Withheld) int { return cmp.Compare(a.Tool.Name, b.Tool.Name) })
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

// Others reports whether the resources are those that a server lists itself.
func (s *Snapshot) Others() bool { return s.others != nil }

// Completes reports whether a server offers values for arguments itself.
func (s *Snapshot) Completes() bool { return s.complete != nil }

// Prompts returns every prompt, by name.
func (s *Snapshot) Prompts() []Prompt { return slices.Clone(s.prompts) }

// Withheld are the reasons why tools of this version are not offered, each once, with how
// many tools each is the reason for. What a client has asked to leave out is not among
// them: the host offers it.
func (s *Snapshot) Withheld() (reasons []Reason, tools []int) {
	for _, w := range s.withheld {
		if w.asked {
			continue
		}
		for _, why := range w.Why {
			i := slices.Index(reasons, why)
			if i < 0 {
				i = len(reasons)
				reasons, tools = append(reasons, why), append(tools, 0)
			}
			tools[i]++
		}
	}
	return reasons, tools
}

// missed finds a tool that is not offered and would be granted.
func (s *Snapshot) missed(name string, granted func(grant.Tool) bool) (Withheld, bool) {
	i, ok := slices.BinarySearchFunc(s.withheld, name, func(w Withheld, name string) int { return cmp.Compare(w.Tool.Name, name) })
	if !ok || !granted(s.withheld[i].Tool) {
		return Withheld{}, false
	}
	return s.withheld[i], true
}

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

// View is what a client asks to be shown of what its caller may use: the groups of some
// names. It narrows, and decides nothing: whatever is in it wants the same grant as
// without it. The zero View is everything.
type View struct {
	groups []string // sorted, each once
}

// NewView returns the view of those groups, named in any order; of none, everything.
func NewView(groups ...string) View {
	return View{slices.Compact(slices.Sorted(slices.Values(groups)))}
}

// Narrow reports whether the view may be less than everything.
func (v View) Narrow() bool { return len(v.groups) > 0 }

// Groups returns the groups of the view, by name; none for everything.
func (v View) Groups() []string { return slices.Clone(v.groups) }

// shows reports whether what is of that source is in the view. What is of none belongs
// to the server itself.
func (v View) shows(source string) bool {
	return source == "" || len(v.groups) == 0 || slices.Contains(v.groups, source)
}

// reason is why a tool is not there for a client.
func (v View) reason() Reason {
	noun := "the group "
	if len(v.groups) > 1 {
		noun = "the groups "
	}
	return Reason{
		What: "this client asks for " + noun + strings.Join(v.groups, ", ") + " only",
		Next: "use a tool of those, or have the person who set up this client change groups in its URL",
	}
}

// reads are the selectors of grants that give all that reads in the view.
func (v View) reads() (selectors []string) {
	for _, group := range v.groups {
		selectors = append(selectors, "group:"+group+":"+string(grant.Read))
	}
	if selectors == nil {
		return []string{string(grant.Read) + ":*"}
	}
	return selectors
}

// Of returns what of the snapshot is in the view: what everybody may call, the tools and
// resources of its groups, and the prompts that need no other. Lists and calls of a client
// go by it alike.
func (s *Snapshot) Of(v View) *Snapshot {
	if !v.Narrow() {
		return s
	}
	return s.views.of(v, func() *Snapshot { return s.narrowed(v) })
}

func (s *Snapshot) narrowed(v View) *Snapshot {
	o := Offer{Prompts: s.prompts, Withheld: slices.Clone(s.withheld)}
	for _, t := range s.tools {
		if v.shows(t.Source) || t.ForEveryone {
			o.Tools = append(o.Tools, t)
		} else {
			o.Withheld = append(o.Withheld, Withheld{t.Granted(), []Reason{v.reason()}, true})
		}
	}
	for _, r := range s.resources {
		if v.shows(r.Source) {
			o.Resources = append(o.Resources, r)
		}
	}
	out := newSnapshot(grant.Classes(), o)
	out.ceiling, out.view = s.ceiling, v
	return out
}

// mostViews bounds the views of one snapshot that are kept. Clients ask for few; one that
// asks for every combination has them made again, for others too, and takes no memory.
const mostViews = 32

// views are the narrowed forms of a snapshot that clients have asked for.
type views struct {
	mu   sync.Mutex
	kept map[string]*Snapshot
}

func (k *views) of(v View, narrowed func() *Snapshot) *Snapshot {
	key := strings.Join(v.groups, ",")
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.kept[key]; s != nil {
		return s
	}
	if k.kept == nil || len(k.kept) >= mostViews {
		k.kept = map[string]*Snapshot{}
	}
	k.kept[key] = narrowed()
	return k.kept[key]
}

// Groups are the sources of what the snapshot has, by name.
func (s *Snapshot) Groups() []string {
	groups := map[string]bool{}
	for _, t := range s.tools {
		groups[t.Source] = true
	}
	return slices.Sorted(maps.Keys(groups))
}

// Showing returns the path to what of it is in the view. It shares everything with d.
func (d *Dispatcher) Showing(v View) *Dispatcher {
	if !v.Narrow() {
		return d
	}
	other := *d
	other.view = v
	return &other
}
