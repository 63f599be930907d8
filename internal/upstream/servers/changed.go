// SPDX-License-Identifier: MIT

package servers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"sync"
	"time"

	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// lookEvery is how often a process that says that its lists have changed is looked at.
	lookEvery = time.Second
	// lookTime is how long one look may take.
	lookTime = 30 * time.Second
)

// withheld says why a thing of the pin is withheld; empty if it is not. One process that
// shows it differently is enough: the same name means the same to all callers.
func (k *server) withheld(i item) string {
	for _, shown := range k.shown {
		if why := shown[i]; why != "" {
			return why
		}
	}
	return ""
}

// started compares what a new process shows with what was approved, and tells one that
// takes the place of another what its session had asked for.
func (s *Servers) started(ctx context.Context, name, holder string, p *process.Process) error {
	err := errStale
	for errors.Is(err, errStale) && ctx.Err() == nil {
		err = s.look(ctx, name, holder, p)
	}
	if err != nil {
		return err
	}
	s.renew(ctx, name, holder, p)
	return nil
}

// errStale is why a comparison counts for nothing: something else is approved by now.
var errStale = errors.New("what is approved of the server has changed while it was looked at; try again")

// unapproved stands for all that a process shows and the pin does not have: nothing that
// could be withheld has that name.
var unapproved = item{kind: "unapproved"}

// look compares what a process shows with what was approved.
func (s *Servers) look(ctx context.Context, name, holder string, p *process.Process) error {
	s.mu.Lock()
	k := s.known[name]
	s.mu.Unlock()
	if k == nil {
		return fmt.Errorf("the server %s is no longer there", name)
	}
	seen, err := look.At(ctx, p)
	if err != nil {
		return fmt.Errorf("the server %s does not say what it offers: %w", name, err)
	}
	different := map[item]string{}
	remedy := "sudo tailscale-mcp server approve " + name
	unasked, first := 0, ""
	for _, c := range pin.Compare(k.pin, seen) {
		if c.Was == nil { // as many as the server likes, and called what it likes
			if unasked++; first == "" {
				first = redact.Text(c.Name)
			}
			continue
		}
		is := item{c.Kind, c.Name}
		if s.o.Withheld != nil && k.withheld(is) != string(c.State) {
			s.o.Withheld(name, c)
		}
		if different[is] = string(c.State); k.shown[holder][is] == different[is] {
			continue // and has been said
		}
		s.o.Log.Warn("withheld: not what was approved", "server", name, "what", string(c.Kind), "name", c.Name, "state", string(c.State), "remedy", remedy)
	}
	if unasked > 0 {
		different[unapproved] = strconv.Itoa(unasked)
		if k.shown[holder][unapproved] != different[unapproved] {
			s.o.Log.Warn("withheld: nobody has approved it", "server", name, "things", unasked, "first", first, "remedy", remedy)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[name] != k && (s.known[name] == nil || s.known[name].stamp != k.stamp) {
		return errStale
	}
	// What processes have shown that have ended is forgotten when there is a newer look.
	shown := map[string]map[item]string{holder: different}
	for other, was := range s.known[name].shown {
		if other != holder && s.pool.Running(name, other) != nil {
			shown[other] = was
		}
	}
	if now := s.known[name]; !maps.EqualFunc(now.shown, shown, maps.Equal[map[item]string]) {
		s.set(&server{entry: now.entry, pin: now.pin, stamp: now.stamp, shown: shown})
	}
	return nil
}

// looking are the processes that are to be looked at again.
type looking struct {
	mu   sync.Mutex
	soon map[[2]string]bool // by server and holder
}

// lookAgain looks at a process in a while, since it says that it shows something else now, or
// since something else is approved. However often that is, until then it is looked at once.
// What it shows differently is withheld.
func (s *Servers) lookAgain(name, holder string, in time.Duration) {
	key := [2]string{name, holder}
	s.looking.mu.Lock()
	defer s.looking.mu.Unlock()
	if s.looking.soon[key] {
		return
	}
	if s.looking.soon == nil {
		s.looking.soon = map[[2]string]bool{}
	}
	s.looking.soon[key] = true
	time.AfterFunc(in, func() {
		s.looking.mu.Lock()
		delete(s.looking.soon, key)
		s.looking.mu.Unlock()
		p := s.pool.Running(name, holder)
		if p == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		switch err := s.look(ctx, name, holder, p); {
		case errors.Is(err, errStale):
			s.lookAgain(name, holder, lookEvery)
		case err != nil:
			s.o.Log.Warn("server not looked at again", "server", name, "err", err)
		}
	})
}
