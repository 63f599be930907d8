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

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/pool"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// lookEvery is how often a process that says that its lists have changed is looked at.
	lookEvery = time.Second
	// lookTime is how long one look may take.
	lookTime = 30 * time.Second
)

// withheld says why a thing of the pin is withheld from all; empty if it is not. One process
// that shows it differently is enough, if it was told of its client what the server was told
// when it was approved: then it is the server that has changed. One that was told something
// else may show something else for that, and its client decides what it declares: what it
// shows is withheld from those that can be asked the same. One that does not show a thing at all
// does not count: a server may have it for some clients only, by what they can be asked or by
// who calls, and nobody is misled by what is not there.
func (k *server) withheld(i item) string {
	for _, s := range k.shown {
		if why := s.why[i]; s.to == k.entry.Offers() && why != "" && why != string(pin.Gone) {
			return why
		}
	}
	return ""
}

// changedFor says why a thing is withheld from all whose clients can be asked the same: one
// process of theirs that shows it differently is enough. In which era they are makes no
// difference: where a server shows it differently in one only, it is spoken to in the other.
func (k *server) changedFor(of asking.Offers, i item) string {
	for _, s := range k.shown {
		if why := s.why[i]; s.to == of && why != "" && why != string(pin.Gone) {
			return why
		}
	}
	return ""
}

// Hides returns what tells of a tool or prompt whether it is withheld from a holder, whose
// client can be asked so much: its process, or one of another that can be asked the same, shows
// it differently, or its own does not show it at all. Nil where nothing is withheld. What is
// withheld from all is not in the registry.
func (s *Servers) Hides(name, holder string, offers asking.Offers) func(kind gate.Kind, thing string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.known[name]
	if k == nil || len(k.shown) == 0 {
		return nil
	}
	var own map[item]string
	if s.pool.Running(name, holder) != nil {
		own = k.shown[holder].why // which is not changed any more, nor is k
	}
	hidden := func(i item) bool { return own[i] != "" || k.changedFor(offers, i) != "" }
	return func(kind gate.Kind, thing string) bool {
		return kind == gate.ATool && hidden(item{pin.Tool, thing}) || kind == gate.APrompt && hidden(item{pin.Prompt, thing})
	}
}

// noted reports whether some process was seen to differ so in a thing.
func (k *server) noted(i item, state pin.State) bool {
	for _, s := range k.shown {
		if s.why[i] == string(state) {
			return true
		}
	}
	return false
}

// started compares what a new process shows with what was approved, and tells one that
// takes the place of another what its session had asked for.
func (s *Servers) started(ctx context.Context, name, holder string, p *process.Process) error {
	err := errStale
	for errors.Is(err, errStale) && ctx.Err() == nil {
		err = s.look(ctx, name, holder, p, true)
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

// look compares what a process shows with what was approved. Of a new one the error is
// [pool.ErrEra] when that may be shown in the other era.
func (s *Servers) look(ctx context.Context, name, holder string, p *process.Process, isNew bool) error {
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
	changes := pin.Compare(k.pin, seen)
	if isNew && otherEra(changes, p) {
		s.o.Log.Info("server asked again in the other era: in this it does not show what was approved", "server", name, "revision", p.Hello().Revision)
		return pool.ErrEra
	}
	different := map[item]string{}
	remedy := "sudo tailscale-mcp server approve " + name
	unasked, first := 0, ""
	asApproved, from := p.Offers() == k.entry.Offers(), "everybody"
	if !asApproved {
		from = "a caller whose client declares " + string(p.Offers().Capabilities())
	}
	for _, c := range changes {
		if c.Was == nil { // as many as the server likes, and called what it likes
			if unasked++; first == "" {
				first = redact.Text(c.Name)
			}
			continue
		}
		if c.Kind == pin.Capabilities && p.Newer() {
			continue // it was approved as the older era has it, where the server is of that
		}
		is := item{c.Kind, c.Name}
		different[is] = string(c.State)
		if c.State == pin.Gone && !asApproved {
			continue // what it shows to one that can be asked more is not known
		}
		if s.o.Withheld != nil && !k.noted(is, c.State) {
			s.o.Withheld(name, c)
		}
		if k.shown[holder].why[is] == different[is] {
			continue // and has been said
		}
		s.o.Log.Warn("withheld: not what was approved", "server", name, "what", string(c.Kind), "name", c.Name, "state", string(c.State), "from", from, "remedy", remedy)
	}
	if unasked > 0 {
		different[unapproved] = strconv.Itoa(unasked)
		if k.shown[holder].why[unapproved] != different[unapproved] {
			s.o.Log.Warn("withheld: nobody has approved it", "server", name, "things", unasked, "first", first, "remedy", remedy)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[name] != k && (s.known[name] == nil || s.known[name].stamp != k.stamp) {
		return errStale
	}
	// What processes have shown that have ended is forgotten when there is a newer look.
	all := map[string]shown{holder: {p.Offers(), different}}
	for other, was := range s.known[name].shown {
		if other != holder && s.pool.Running(name, other) != nil {
			all[other] = was
		}
	}
	same := func(a, b shown) bool { return a.to == b.to && maps.Equal(a.why, b.why) }
	if now := s.known[name]; !maps.EqualFunc(now.shown, all, same) {
		s.set(&server{entry: now.entry, pin: now.pin, stamp: now.stamp, eras: now.eras, shown: all})
	}
	return nil
}

// lookShare is how many times as long as a look took it is until the next: what a server
// shows may be large, and it may say all the time that it has changed.
const lookShare = 10

// looking are the processes that are to be looked at again, or have just been.
type looking struct {
	mu   sync.Mutex
	soon map[[2]string]*bool // by server and holder: whether it has said so since
}

// lookAgain looks at a process in a while, since it says that it shows something else now, or
// since something else is approved. However often that is, until then it is looked at once.
// What it shows differently is withheld.
func (s *Servers) lookAgain(name, holder string, in time.Duration) {
	key, again := [2]string{name, holder}, new(bool)
	s.looking.mu.Lock()
	defer s.looking.mu.Unlock()
	if was := s.looking.soon[key]; was != nil {
		*was = true
		return
	}
	if s.looking.soon == nil {
		s.looking.soon = map[[2]string]*bool{}
	}
	s.looking.soon[key] = again
	time.AfterFunc(in, func() {
		s.looking.mu.Lock()
		*again = false
		s.looking.mu.Unlock()
		began := time.Now()
		stale := s.lookNow(name, holder)
		time.AfterFunc(lookShare*time.Since(began), func() {
			s.looking.mu.Lock()
			said := *again
			delete(s.looking.soon, key)
			s.looking.mu.Unlock()
			if said || stale {
				s.lookAgain(name, holder, lookEvery)
			}
		})
	})
}

// lookNow looks at a process, if it is still there. It is stale when something else was
// approved meanwhile.
func (s *Servers) lookNow(name, holder string) (stale bool) {
	p := s.pool.Running(name, holder)
	if p == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	err := s.look(ctx, name, holder, p, false)
	if stale = errors.Is(err, errStale); err != nil && !stale {
		s.o.Log.Warn("server not looked at again", "server", name, "err", err)
	}
	return stale
}
