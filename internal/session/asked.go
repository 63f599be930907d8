// SPDX-License-Identifier: MIT

package session

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"tailscale-mcp/internal/asking"
)

const (
	// AnswerTime is how long a client may take to answer, for whom its person may have to.
	AnswerTime = 5 * time.Minute
	// mostAsked is how many questions may wait for answers of the client of one session.
	mostAsked = 16
)

// Holder is the name of the process of a caller without a session: those whose client is of
// another era, or can be asked something else, are others.
func Holder(caller string, newer bool, offers asking.Offers) string {
	if key := offers.Key(); newer || key != "" {
		era := "-"
		if newer {
			era = "+"
		}
		return caller + "\x00" + era + key
	}
	return caller
}

var errMany = errors.New("too many questions wait for answers of this client, or this is too large for its stream")

// Enter enters a question to the client and returns the id that it is to be asked with,
// which nobody can guess, and where its answer comes. Forget takes it out.
func (s *Session) Enter() (id string, answer <-chan asking.Response, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) >= mostAsked {
		return "", nil, errMany
	}
	if s.asked == nil {
		s.asked = map[string]chan<- asking.Response{}
	}
	id = "ask-" + rand.Text()
	c := make(chan asking.Response, 1)
	s.asked[id] = c
	return id, c, nil
}

// Forget takes a question out, whether or not it was answered.
func (s *Session) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.asked, id)
}

// Answer takes the client's answer to the question with that id. One to no question that
// waits, and a second one, is dropped.
func (s *Session) Answer(id string, a asking.Response) (taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, taken := s.asked[id]
	if taken {
		delete(s.asked, id)
		c <- a // it has room for one
	}
	return taken
}

// Asker sends a client a question with an id, and tells it that nobody waits for the answer
// to one any more.
type Asker struct {
	Ask      func(id string, r asking.Request) error
	Withdraw func(id string)
}

// Put asks the client, and returns its answers. stopping ends it, too.
func (s *Session) Put(ctx context.Context, stopping <-chan struct{}, to Asker, requests map[string]asking.Request) (map[string]asking.Response, error) {
	type waiting struct {
		id     string
		answer <-chan asking.Response
	}
	open := map[string]waiting{}
	defer func() {
		for _, w := range open {
			s.Forget(w.id)
			to.Withdraw(w.id)
		}
	}()
	for key, r := range requests {
		id, answer, err := s.Enter()
		if err != nil {
			return nil, err
		}
		if err := to.Ask(id, r); err != nil {
			s.Forget(id)
			return nil, err
		}
		open[key] = waiting{id, answer}
	}
	timer := time.NewTimer(s.answer)
	defer timer.Stop()
	responses := map[string]asking.Response{}
	for key := range requests {
		select {
		case responses[key] = <-open[key].answer:
			delete(open, key)
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			return nil, asking.ErrVoid
		case <-s.done:
			return nil, asking.ErrVoid
		case <-stopping:
			return nil, asking.ErrVoid
		}
	}
	return responses, nil
}

// Outside is how the client is asked on the stream of its session; nil while it has none.
func (s *Session) Outside() asking.Func {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.stream
	if gone == nil {
		return nil
	}
	to := Asker{
		Ask: func(id string, r asking.Request) error {
			return s.say(Event{Method: r.Method, Params: r.Params, ID: id})
		},
		Withdraw: s.unsay,
	}
	return func(ctx context.Context, requests map[string]asking.Request) (map[string]asking.Response, error) {
		return s.Put(ctx, gone, to, requests)
	}
}

// cancelled are the params by which a client is told that a question is withdrawn.
func cancelled(id string) []byte { return []byte(`{"requestId":"` + id + `"}`) }

// say has a question wait for the stream.
func (s *Session) say(e Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := 0
	for _, other := range s.waiting {
		if other.ID != "" {
			waiting++
		}
	}
	if waiting >= asking.MostAtOnce || len(e.Params) > mostBytes/2 {
		return errMany
	}
	s.hear(e)
	return nil
}

// unsay takes a question out that waits, or else tells the client that it is withdrawn.
func (s *Session) unsay(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.waiting)
	s.waiting = slices.DeleteFunc(s.waiting, func(e Event) bool { return e.ID == id })
	if len(s.waiting) == before {
		s.hear(Event{Method: "notifications/cancelled", Params: cancelled(id)})
	}
}
