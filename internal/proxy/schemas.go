// SPDX-License-Identifier: MIT

package proxy

import (
	"sync"
	"time"
)

const (
	// maxKnownTools and maxKnownSchemas, in bytes, bound what is remembered of
	// tools. Beyond, all is forgotten and learned anew.
	maxKnownTools   = 1 << 14
	maxKnownSchemas = 16 << 20
	// listAgain is how soon the tools are asked for anew, for a call of an
	// unknown one, when that failed.
	listAgain = 10 * time.Second
)

// schemas is what the relay remembers of the tools of a server in the modern
// era: which of their arguments calls carry in headers. Lists of tools, also
// those that the client asks for, teach it.
type schemas struct {
	mu       sync.Mutex
	tools    map[string]knownTool
	size     int  // of the schemas that tools come from
	complete bool // there are no other tools
	changes  int  // how often the server said that its tools changed
	fetching *fetch
	fetches  int // begun so far
	failedAt time.Time
	timeout  time.Duration // of a fetch
}

// knownTool is what is remembered of one tool.
type knownTool struct {
	mirrored *mirrored // nil for nothing
	invalid  string    // why its definition is invalid; "" when it is not
	size     int
}

// fetch is one time of asking for all tools.
type fetch struct {
	number int
	done   chan struct{} // closed at its end
	ok     bool          // set before done is closed
}

// of is what calls of the tool with this name carry in headers.
func (t *schemas) of(name string) *mirrored {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tools[name].mirrored
}

// missing reports whether the tools should be asked for before a call of the
// one with this name.
func (t *schemas) missing(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, known := t.tools[name]
	return !known && !t.complete && (t.failedAt.IsZero() || time.Since(t.failedAt) >= listAgain)
}

// version counts the changes of the server's tools.
func (t *schemas) version() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changes
}

// changed forgets everything: the server said that its tools changed.
func (t *schemas) changed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	t.failedAt = time.Time{}
	t.forget()
}

func (t *schemas) forget() { t.tools, t.size, t.complete = nil, 0, false }

// learn remembers a tool, if version is still that of the tools. It reports
// whether that tool was known to be like this.
func (t *schemas) learn(version int, name string, k knownTool) (known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.tools[name]
	known = known && old.invalid == k.invalid
	if version != t.changes {
		return known
	}
	if len(t.tools) >= maxKnownTools || t.size+k.size > maxKnownSchemas {
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

// learned says that a whole list was learned, which was that of version.
func (t *schemas) learned(version int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.complete = t.complete || version == t.changes
}

// fetch is the fetch that is under way; there is one if need be, and then it
// has to be run.
func (t *schemas) fetch() (f *fetch, begun bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fetching != nil {
		return t.fetching, false
	}
	t.fetches++
	t.fetching = &fetch{number: t.fetches, done: make(chan struct{})}
	return t.fetching, true
}

// fetched ends f.
func (t *schemas) fetched(f *fetch, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetching, t.failedAt = nil, time.Time{}
	if !ok {
		t.failedAt = time.Now()
	}
	f.ok = ok
	close(f.done)
}

// begun is how many fetches were begun.
func (t *schemas) begun() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fetches
}
