// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"tailscale-mcp/internal/grant"
)

// Offer is what one source brings: a group of our own tools, or a server.
type Offer struct {
	Tools     []Tool
	Resources []Resource
	Prompts   []Prompt
	// Withheld is what there would be besides, and why it is not offered. What the offer
	// has too is offered.
	Withheld []Withheld
	// Others are the resources that a server lists itself; nil if it has none.
	Others *Others
	// Complete has a server offer values itself; nil if it does not. params are those of
	// the request.
	Complete func(ctx context.Context, call Call, params json.RawMessage) (Result, error)
}

// Registry holds what there is, a [Snapshot] for each server and one for our own,
// which is the server "". What servers offer may change at any time.
type Registry struct {
	changing sync.Mutex
	now      atomic.Pointer[map[string]*Snapshot]
}

// nothing is what a server offers that is not there.
var nothing = newSnapshot(nil, Offer{})

// NewRegistry takes our own offers and keeps what the host's ceiling
// (TAILSCALE_MCP_ALLOW) admits: a tool of another class is not there at all,
// whatever a grant says, and neither is a prompt that would use it. Resources
// are reads. Two of one name, and a resource that cannot be served, are a
// programmer's error and panic, whatever the ceiling is.
func NewRegistry(ceiling []grant.Class, own ...Offer) *Registry {
	var all Offer
	for _, o := range own {
		all.Tools = append(all.Tools, o.Tools...)
		all.Resources = append(all.Resources, o.Resources...)
		all.Prompts = append(all.Prompts, o.Prompts...)
		all.Withheld = append(all.Withheld, o.Withheld...)
	}
	if _, wrong := sound("", all); len(wrong) > 0 {
		panic(wrong[0].Error())
	}
	r := &Registry{}
	r.now.Store(&map[string]*Snapshot{"": newSnapshot(ceiling, all)})
	return r
}

// Set replaces what a server behind the gate offers; ceiling are the classes that
// its administrator admits. Requests that have begun go on with what there was. What
// cannot be served, or has the name of something else of the same server, is left
// out; left says what and why, for the log.
func (r *Registry) Set(server string, ceiling []grant.Class, o Offer) (left []error) {
	if server == "" {
		panic("our own tools are there from the start")
	}
	o, left = sound(server, o)
	r.change(func(all map[string]*Snapshot) { all[server] = newSnapshot(ceiling, o) })
	return left
}

// Remove takes away a server and all that it offers.
func (r *Registry) Remove(server string) {
	if server != "" {
		r.change(func(all map[string]*Snapshot) { delete(all, server) })
	}
}

// change edits a copy, so that nobody who reads sees half of it.
func (r *Registry) change(edit func(all map[string]*Snapshot)) {
	r.changing.Lock()
	defer r.changing.Unlock()
	all := maps.Clone(*r.now.Load())
	edit(all)
	r.now.Store(&all)
}

// Of returns what a server offers now, or with "" what is our own. It is never nil.
func (r *Registry) Of(server string) *Snapshot {
	if s, ok := (*r.now.Load())[server]; ok {
		return s
	}
	return nothing
}

// Offers reports whether a server behind the gate is there, and has that tool; any if none
// is named.
func (r *Registry) Offers(server, tool string) bool {
	s, ok := (*r.now.Load())[server]
	return ok && server != "" && (tool == "" || s.byName[tool] != nil)
}

// Servers are the names of the servers behind the gate.
func (r *Registry) Servers() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(*r.now.Load())), func(name string) bool { return name == "" })
}

// toolName holds the protocol's rule for the names of tools, with longestToolName: a
// count in the expression itself would be compiled into as many steps.
var toolName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

const longestToolName = 128

// sound returns o without what no registry can hold, each thing marked as the
// server's, and says what is wrong with the rest.
func sound(server string, o Offer) (kept Offer, wrong []error) {
	kept.Withheld, kept.Others, kept.Complete = o.Withheld, o.Others, o.Complete
	seen := map[string]bool{}
	admit := func(kind, name string, err error) bool {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s %s: %w", kind, quote(name), err))
		} else if seen[kind+name] {
			wrong = append(wrong, fmt.Errorf("two %ss are named %s", kind, name))
			return false
		}
		seen[kind+name] = true
		return err == nil
	}
	for _, t := range o.Tools {
		if t.Server = server; admit("tool", t.Name, t.check()) {
			kept.Tools = append(kept.Tools, t)
		}
	}
	for _, res := range o.Resources {
		if res.Server = server; admit("resource", res.URI, res.check()) {
			kept.Resources = append(kept.Resources, res)
		}
	}
	for _, p := range o.Prompts {
		if p.Server = server; admit("prompt", p.Name, p.check()) {
			kept.Prompts = append(kept.Prompts, p)
		}
	}
	return kept, wrong
}

// check says what makes the tool impossible to serve or to grant.
func (t Tool) check() error {
	switch {
	case len(t.Name) > longestToolName || !toolName.MatchString(t.Name):
		return errors.New("the name of a tool has 1 to 128 letters, digits and _.-")
	case t.Call == nil:
		return errors.New("there is nothing to call it with")
	case t.ForEveryone && (t.Class != grant.Read || t.Server != ""):
		return errors.New("only a read of our own can be for everyone")
	}
	_, err := grant.ParseClass(string(t.Class))
	return err
}

// check says what makes the prompt impossible to serve.
func (p Prompt) check() error {
	switch {
	case p.Name == "" || strings.ContainsFunc(p.Name, func(r rune) bool { return r < ' ' }):
		return errors.New("a prompt has a name")
	case p.Get == nil:
		return errors.New("there is nothing to write it with")
	}
	return nil
}
