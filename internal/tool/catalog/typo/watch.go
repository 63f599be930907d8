// SPDX-License-Identifier: MIT

package typo

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

const (
	mostGrants   = 1024 // sets of grants that are remembered as read
	mostMistakes = 100  // selectors that are warned of, or told at once
)

// Watcher warns of tools that grants name and that this version has not: once in the life
// of the process for each name.
type Watcher struct {
	Log *slog.Logger
	// Servers finds the same of selectors with the name of a server behind the gate; nil
	// finds none.
	Servers func(grant.Rules) []Mistake

	mu     sync.Mutex
	read   map[string]bool // by the digest of the grants
	warned map[string]bool // by the selector
}

// Resolve says who is at the other end of a connection.
type Resolve = func(context.Context, netip.AddrPort) (caller.Caller, error)

// Watch returns next, with a look at the grants of each caller.
func (w *Watcher) Watch(next Resolve) Resolve {
	return func(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
		c, err := next(ctx, remote)
		if err == nil && !c.Rules.Empty() && w.first(c.Rules.Digest()) {
			go w.warn(c) // nobody waits for it
		}
		return c, err
	}
}

// first reports whether grants of that digest have not been read yet.
func (w *Watcher) first(digest string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.read[digest] {
		return false
	}
	if w.read == nil || len(w.read) == mostGrants {
		w.read = map[string]bool{}
	}
	w.read[digest] = true
	return true
}

func (w *Watcher) warn(c caller.Caller) {
	all := In(c.Rules)
	if w.Servers != nil {
		all = append(all, w.Servers(c.Rules)...)
	}
	for _, m := range all {
		w.mu.Lock()
		told := w.warned[m.Selector] || len(w.warned) == mostMistakes
		if !told {
			if w.warned == nil {
				w.warned = map[string]bool{}
			}
			w.warned[m.Selector] = true
		}
		w.mu.Unlock()
		if !told {
			w.Log.Warn("a grant names what there is not, and so gives nothing by it", "selector", m.Selector, "caller", c.String(), "why", m.Why)
		}
	}
}

// Mistake is a selector of tools that gives nothing, and why.
type Mistake struct{ Selector, Why string }

// In finds them in grants: the first hundred at most.
func In(rules grant.Rules) (all []Mistake) {
	for i, selector := range rules.ToolSelectors() {
		if i == 10*mostMistakes || len(all) == mostMistakes {
			break
		}
		if why := Of(selector); why != "" {
			all = append(all, Mistake{selector, why})
		}
	}
	return all
}
