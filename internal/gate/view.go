// SPDX-License-Identifier: MIT

package gate

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"tailscale-mcp/internal/grant"
)

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
			o.Withheld = append(o.Withheld, Withheld{t.Granted(), []Reason{v.reason()}})
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
