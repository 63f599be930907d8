// SPDX-License-Identifier: MIT

package session

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"sync"
	"time"
)

const (
	// mostOfCaller is how many sessions a caller may have, and mostInAll how many there
	// may be.
	mostOfCaller = 64
	mostInAll    = 4096
	// keep is how long a session is kept that nobody uses.
	keep = 24 * time.Hour
	// idBytes is how many random bytes an id has.
	idBytes = 32
)

// Table has the sessions.
type Table struct {
	ended  func(server, id string)
	answer time.Duration    // how long a person may take to answer
	now    func() time.Time // a seam for tests

	mu       sync.Mutex
	sessions map[string]*Session // by id
	// listeners are streams of clients that have no session, by server and holder.
	listeners map[[2]string][]*Session
}

// NewTable returns a Table without sessions. ended is called with each that is over, and
// must not block. answer is how long a client may take to answer a question; zero means
// [AnswerTime].
func NewTable(ended func(server, id string), answer time.Duration) *Table {
	return &Table{ended: ended, answer: cmp.Or(answer, AnswerTime), now: time.Now, sessions: map[string]*Session{}, listeners: map[[2]string][]*Session{}}
}

// Begin begins a session. It takes the place of the caller's own that was used the longest
// ago, when there are too many; it is nil when the caller has none to give up.
func (t *Table) Begin(server, caller, clientName, clientVersion string) *Session {
	var id [idBytes]byte
	_, _ = rand.Read(id[:]) // never fails, see crypto/rand
	s := newSession(base64.RawURLEncoding.EncodeToString(id[:]), server, caller)
	s.ClientName, s.ClientVersion, s.answer = clientName, clientVersion, t.answer
	t.mu.Lock()
	s.used = t.now()
	over := t.expired(s.used)
	of, oldest := t.of(caller)
	full := of >= mostOfCaller || len(t.sessions) >= mostInAll
	if full && oldest != nil {
		over = append(over, oldest)
		delete(t.sessions, oldest.ID)
	}
	if full && oldest == nil {
		s = nil
	} else {
		t.sessions[s.ID] = s
	}
	t.mu.Unlock()
	for _, o := range over {
		t.over(o)
	}
	return s
}

// expired takes out what was not used for long. The caller of expired holds mu.
func (t *Table) expired(now time.Time) (over []*Session) {
	for id, s := range t.sessions {
		if now.Sub(s.used) > keep {
			over = append(over, s)
			delete(t.sessions, id)
		}
	}
	return over
}

// of counts the sessions of a caller, and finds the one that was used the longest ago: one
// that was never used first, as clients leave that initialize for each call. The caller of
// of holds mu.
func (t *Table) of(caller string) (n int, oldest *Session) {
	for _, s := range t.sessions {
		if s.Caller != caller {
			continue
		}
		n++
		if oldest == nil || oldest.touched && !s.touched || oldest.touched == s.touched && s.used.Before(oldest.used) {
			oldest = s
		}
	}
	return n, oldest
}

// Find returns the session with that id, as its caller uses it on its server; nil for
// anybody else, as if there were none.
func (t *Table) Find(id, server, caller string) *Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sessions[id]
	now := t.now()
	if s == nil || s.Server != server || s.Caller != caller || now.Sub(s.used) > keep {
		return nil
	}
	s.used, s.touched = now, true
	return s
}

// Get returns the session with that id, for the daemon itself; nil if there is none.
func (t *Table) Get(id string) *Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sessions[id]
}

// End ends the session with that id, if there is one.
func (t *Table) End(id string) {
	t.mu.Lock()
	s := t.sessions[id]
	delete(t.sessions, id)
	t.mu.Unlock()
	if s != nil {
		t.over(s)
	}
}

// EndOf ends the sessions with a server.
func (t *Table) EndOf(server string) {
	t.mu.Lock()
	var over []*Session
	for id, s := range t.sessions {
		if s.Server == server {
			over = append(over, s)
			delete(t.sessions, id)
		}
	}
	t.mu.Unlock()
	for _, s := range over {
		t.over(s)
	}
}

// Join makes a stream of a client of the newer revisions one that hears what the process of
// its caller says, as a session would. It has no id that anybody could name: in place of it
// is the name of the holder. leave ends that.
func (t *Table) Join(server, holder string) (s *Session, leave func()) {
	s = newSession(holder, server, holder)
	key := [2]string{server, holder}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listeners[key] = append(t.listeners[key], s)
	return s, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		rest := slices.DeleteFunc(slices.Clone(t.listeners[key]), func(o *Session) bool { return o == s })
		if t.listeners[key] = rest; len(rest) == 0 {
			delete(t.listeners, key)
		}
	}
}

// Hearing returns who hears what the process of a holder says: the session with that id,
// or the streams of the caller whose process that is; everybody on the server, for the one process
// that has no holder.
func (t *Table) Hearing(server, holder string) []*Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if holder == "" {
		var all []*Session
		for _, s := range t.sessions {
			if s.Server == server {
				all = append(all, s)
			}
		}
		for key, listeners := range t.listeners {
			if key[0] == server {
				all = append(all, listeners...)
			}
		}
		return all
	}
	if s := t.sessions[holder]; s != nil && s.Server == server {
		return []*Session{s}
	}
	return slices.Clone(t.listeners[[2]string{server, holder}])
}

// over tells of a session that was taken out.
func (t *Table) over(s *Session) {
	close(s.done)
	t.ended(s.Server, s.ID)
}
