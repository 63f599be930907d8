// SPDX-License-Identifier: MIT

package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWhose: a session is there for its caller on its server, and for nobody else.
func TestWhose(t *testing.T) {
	table := NewTable(func(string, string) {}, 0)
	s := table.Begin("files", "alice", "test", "1")
	if len(s.ID) != 43 || table.Begin("files", "alice", "test", "1").ID == s.ID {
		t.Errorf("the id %q is not 256 random bits", s.ID)
	}
	for _, c := range []struct {
		id, server, caller string
		found              bool
	}{
		{s.ID, "files", "alice", true},
		{s.ID, "files", "bob", false},
		{s.ID, "other", "alice", false},
		{s.ID[:42], "files", "alice", false},
		{"", "files", "alice", false},
	} {
		if got := table.Find(c.id, c.server, c.caller); (got == s) != c.found {
			t.Errorf("%v: %v", c, got)
		}
	}
	table.End(s.ID)
	if table.Find(s.ID, "files", "alice") != nil {
		t.Error("found after its end")
	}
	<-s.Done()
}

// TestBounds: over its number a caller gives up its own oldest, never another's; a full
// table has no more for who has none.
func TestBounds(t *testing.T) {
	var ended []string
	table := NewTable(func(_, id string) { ended = append(ended, id) }, 0)
	now := time.Now()
	table.now = func() time.Time { now = now.Add(time.Second); return now }
	bob := table.Begin("files", "bob", "", "")
	var all []*Session
	for range mostOfCaller {
		all = append(all, table.Begin("files", "alice", "", ""))
	}
	table.Find(all[0].ID, "files", "alice") // and so it is not the oldest
	table.Begin("files", "alice", "", "")
	if !slices.Equal(ended, []string{all[1].ID}) || // the oldest that was not used
		table.Get(bob.ID) == nil {
		t.Errorf("ended: %v", ended)
	}
	for i := 0; len(table.sessions) < mostInAll; i++ {
		table.Begin("files", fmt.Sprint(i), "", "")
	}
	if table.Begin("files", "carol", "", "") != nil {
		t.Error("there was room for who has nothing to give up")
	}
	if s := table.Begin("files", "bob", "", ""); s == nil || table.Get(bob.ID) != nil || len(table.sessions) != mostInAll {
		t.Error("bob did not give up his own")
	}
	now = now.Add(keep)
	if table.Find(all[0].ID, "files", "alice") != nil {
		t.Error("found after its time")
	}
	if table.Begin("files", "carol", "", "") == nil || len(table.sessions) != 1 {
		t.Errorf("%d sessions are left after their time", len(table.sessions))
	}
}

// TestHears: a client hears what it asked for, in order and bounded.
func TestHears(t *testing.T) {
	table := NewTable(func(string, string) {}, 0)
	s := table.Begin("files", "alice", "", "")
	s.Log("emergency", Event{Method: "log"})
	s.Updated(Event{Method: "updated", URI: "a:b"})
	if got := s.Take(); len(got) != 0 {
		t.Errorf("heard without having asked: %v", got)
	}
	s.SetLevel("warning")
	s.Subscribe("a:b")
	s.Log("info", Event{Method: "info"})
	s.Log("loud", Event{Method: "no level"})
	s.Log("error", Event{Method: "error"})
	for range 3 {
		s.Updated(Event{Method: "updated", URI: "a:b"})
	}
	s.Updated(Event{Method: "updated", URI: "a:c"})
	<-s.Wake()
	if got := s.Take(); len(got) != 2 || got[0].Method != "error" || got[1].URI != "a:b" {
		t.Errorf("heard %v", got)
	}
	for i := range 2 * mostWaiting {
		s.Log("error", Event{Method: fmt.Sprint(i)})
	}
	if got := s.Take(); len(got) != mostWaiting || got[mostWaiting-1].Method != fmt.Sprint(2*mostWaiting-1) {
		t.Errorf("%d wait", len(got))
	}
	s.Log("error", Event{Params: make([]byte, mostBytes/2)})
	s.Log("error", Event{Params: make([]byte, mostBytes)})
	if got := s.Take(); len(got) != 1 {
		t.Errorf("%d large ones wait", len(got))
	}
	for i := range MostSubscriptions {
		s.Subscribe(fmt.Sprint("x:", i))
	}
	if s.Subscribe("one:more") || !s.Subscribe("x:1") || !s.Unsubscribe("a:b") || s.Unsubscribe("a:b") || len(s.Subscriptions()) != MostSubscriptions-1 {
		t.Error("subscriptions are not counted")
	}
	long := strings.Repeat("x", mostURIs/4)
	other := table.Begin("files", "alice", "", "")
	for i := range 4 {
		if other.Subscribe(fmt.Sprint("x:", i, long)) != (i < 3) {
			t.Error("the bytes of subscriptions are not counted")
		}
	}
	first, second := s.Attach(), s.Attach()
	<-first
	select {
	case <-second:
		t.Error("the newer stream has ended")
	default:
	}
}
