// SPDX-License-Identifier: MIT

package audit

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// fold keeps a flood of refusals small. The first refusal of a caller goes on at
// once; those that follow within a second are one record, at its end, with their
// number and their names. Nobody waits for either.
type fold struct {
	next func(Record)

	mu      sync.Mutex
	windows map[string]*window
	closed  bool
}

// window is a second of one caller.
type window struct {
	key    string
	timer  *time.Timer
	count  int
	record Record // what those in the window have in common
	names  []string
	others int // refusals whose name has no room in names
}

const (
	foldTime = time.Second
	// foldCallers is how many callers are told apart; further ones are folded
	// together.
	foldCallers = 256
	// foldNames is how many names a record has.
	foldNames = 16
	// foldName is how long one of them is.
	foldName = 160
)

func newFold(next func(Record)) *fold {
	return &fold{next: next, windows: map[string]*window{}}
}

// add takes a refusal.
func (f *fold) add(r Record) {
	if !f.within(r) {
		f.next(r)
	}
}

// within reports whether r was counted in a window that is open; if not, one
// begins with it.
func (f *fold) within(r Record) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	key := foldKey(r)
	if f.windows[key] == nil && len(f.windows) >= foldCallers {
		key = ""
	}
	if w := f.windows[key]; w != nil {
		w.add(r)
		return true
	}
	w := &window{key: key}
	w.timer = time.AfterFunc(foldTime, func() { f.over(w) })
	f.windows[key] = w
	return false
}

// foldKey is who the caller is. It is empty for nobody.
func foldKey(r Record) string {
	if r.Login == "" && len(r.Tags) == 0 {
		return "addr " + r.Addr.Addr().String()
	}
	return fmt.Sprintf("peer %q %q %q", r.Login, r.Tags, r.NodeID)
}

// over ends the second of w. Another one begins when there was something in it.
func (f *fold) over(w *window) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	if w.count == 0 {
		delete(f.windows, w.key)
		f.mu.Unlock()
		return
	}
	r := w.take()
	w.timer.Reset(foldTime)
	f.mu.Unlock()
	f.next(r)
}

// close hands on what is counted. Later refusals are not folded.
func (f *fold) close() {
	f.mu.Lock()
	f.closed = true
	var rest []Record
	for _, w := range f.windows {
		w.timer.Stop()
		if w.count > 0 {
			rest = append(rest, w.take())
		}
	}
	clear(f.windows)
	f.mu.Unlock()
	for _, r := range rest {
		f.next(r)
	}
}

func (w *window) add(r Record) {
	w.name(strings.TrimSpace(r.Method + " " + r.Name))
	if w.count++; w.count == 1 {
		w.record = r
		return
	}
	was := w.record
	w.record = r
	// What differs is said of none.
	same(&w.record.Method, was.Method)
	same(&w.record.Server, was.Server)
	same(&w.record.Name, was.Name)
	same(&w.record.Class, was.Class)
	same(&w.record.ClassFrom, was.ClassFrom)
	same(&w.record.Target, was.Target)
	same(&w.record.Arguments, was.Arguments)
	same(&w.record.Reason, was.Reason)
	same(&w.record.Code, was.Code)
	w.record.Claimed = cmp.Or(r.Claimed, was.Claimed)
	if r.Addr.Addr() == was.Addr.Addr() {
		same(&w.record.Addr, was.Addr, netip.AddrPortFrom(r.Addr.Addr(), 0))
	}
}

// same replaces what is not the same as before.
func same[T comparable](value *T, before T, instead ...T) {
	if *value != before {
		var none T
		if *value = none; len(instead) > 0 {
			*value = instead[0]
		}
	}
}

// name notes a name, as far as there is room.
func (w *window) name(name string) {
	if len(name) > foldName {
		name = strings.ToValidUTF8(name[:foldName], "") + "..."
	}
	for _, known := range w.names {
		if known == name {
			return
		}
	}
	if len(w.names) < foldNames {
		w.names = append(w.names, name)
	} else {
		w.others++
	}
}

// take returns the record of the window and empties it.
func (w *window) take() Record {
	r := w.record
	if w.key == "" {
		r.Login, r.Tags, r.Node, r.NodeID, r.Addr = "", nil, "", "", netip.AddrPort{}
		r.Claimed, r.ClientName, r.ClientVersion, r.RequestID = "", "", "", ""
	}
	if w.count > 1 || w.key == "" {
		r.Count, r.Names = w.count, w.names
		if w.others > 0 {
			r.Names = append(r.Names, fmt.Sprintf("... and %d more refusals", w.others))
		}
	}
	w.count, w.record, w.names, w.others = 0, Record{}, nil, 0
	return r
}
