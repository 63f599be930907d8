// SPDX-License-Identifier: MIT

package mirror

import (
	"cmp"
	"sync"
	"time"
)

const (
	// maxKnownTools and maxKnownSchemas, in bytes, bound the memory that tools take.
	// Beyond, Tools forgets all of them and learns anew.
	maxKnownTools   = 1 << 14
	maxKnownSchemas = 16 << 20
	// listAgain is how soon after a failure the tools are asked for again, for a call
	// of an unknown tool.
	listAgain = 10 * time.Second
)

// Tools remembers, for the tools of one server, which arguments their calls carry in
// headers. It learns from every list of tools. Its zero value knows no tool; its
// methods may be called at the same time.
type Tools struct {
	// Most bounds the memory that tools take, in bytes of their schemas, where there are many
	// servers; zero means maxKnownSchemas. It is set before the first list.
	Most int

	mu       sync.Mutex
	tools    map[string]knownTool
	size     int  // of the schemas that tools come from
	whole    bool // there are no other tools
	changes  int  // how often the server said that its tools changed
	fetching *Fetch
	fetches  int // begun so far
	failedAt time.Time
}

// knownTool is the entry of one tool.
type knownTool struct {
	headers *Headers // nil if calls carry no argument in headers
	invalid string   // why its definition is invalid; "" if it is valid
	size    int
}

// Fetch is one request for all tools, which calls of unknown tools wait for.
type Fetch struct {
	Number int
	Done   chan struct{} // closed at its end
	OK     bool          // whether all tools were learned; set before Done is closed
}

// Of returns the headers that calls of the tool with this name carry; nil for none.
func (t *Tools) Of(name string) *Headers {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tools[name].headers
}

// Missing reports whether the server has to be asked for its tools before a call of
// the tool with this name.
func (t *Tools) Missing(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.tools[name]
	return !known && !t.whole && (t.failedAt.IsZero() || time.Since(t.failedAt) >= listAgain)
}

// Version is how often the server has said that its tools changed.
func (t *Tools) Version() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changes
}

// Changed forgets every tool, because the server said that its tools changed.
func (t *Tools) Changed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	t.failedAt = time.Time{}
	t.forget()
}

func (t *Tools) forget() { t.tools, t.size, t.whole = nil, 0, false }

// remember keeps what was learned of a tool, unless the tools have changed since
// version. It reports whether the tool was known, and invalid for the same reason.
func (t *Tools) remember(version int, name string, k knownTool) (known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.tools[name]
	known = known && old.invalid == k.invalid
	if version != t.changes {
		return known
	}
	if len(t.tools) >= maxKnownTools || t.size+k.size > cmp.Or(t.Most, maxKnownSchemas) {
		t.forget()
		old = knownTool{}
	}
	if t.tools == nil {
		t.tools = make(map[string]knownTool)
	}
	t.size += k.size - old.size
	t.tools[name] = k
	return known
}

// Complete says that the whole list of this version was learned: there are no other
// tools.
func (t *Tools) Complete(version int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.whole = t.whole || version == t.changes
}

// Begin returns the fetch that is under way. If there is none, it begins one, which
// the caller has to carry out and to End.
func (t *Tools) Begin() (f *Fetch, begun bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fetching != nil {
		return t.fetching, false
	}
	t.fetches++
	t.fetching = &Fetch{Number: t.fetches, Done: make(chan struct{})}
	return t.fetching, true
}

// End ends f; ok says whether all tools were learned.
func (t *Tools) End(f *Fetch, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetching, t.failedAt = nil, time.Time{}
	if !ok {
		t.failedAt = time.Now()
	}
	f.OK = ok
	close(f.Done)
}

// Begun is the number of fetches begun so far.
func (t *Tools) Begun() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fetches
}
