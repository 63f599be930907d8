// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/loglevel"
)

// Clients of the newer era say with each request which log messages they want to hear before
// its answer; those of the older say it once and hear them on a stream of their own, which is
// Heard's part. Servers of either era do what the client's says.

// raiseTime is how long a server may take to say that it sends other log messages: what it is
// asked next does not depend on that.
const raiseTime = 5 * time.Second

// raise has a server of the older era send log messages of a level and those above it. It is
// told once of each that is lower than those before: who asked for less hears less. One that
// refuses, or says nothing to it, says what it likes. The error is how the server has ended,
// or that of ctx.
func (p *Process) raise(ctx context.Context, level string) error {
	var can struct{ Logging json.RawMessage }
	if p.hears(level) || json.Unmarshal(p.hello.Capabilities, &can) != nil || can.Logging == nil {
		return nil
	}
	select { // one after the other: the last is the one that holds
	case p.raising <- struct{}{}:
		defer func() { <-p.raising }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.hears(level) {
		return nil
	}
	err := p.setLevel(ctx, level)
	if err != nil {
		p.o.Log.Debug("server takes no level of log messages", "server", p.o.Server, "why", err)
	}
	var refused *Refused
	if err == nil || errors.As(err, &refused) || errors.Is(err, errNoWord) || errors.Is(err, context.DeadlineExceeded) {
		p.mu.Lock()
		p.standing.level = level
		p.mu.Unlock()
	}
	if ended := (*Ended)(nil); errors.As(err, &ended) {
		return err
	}
	return ctx.Err()
}

var errNoWord = fmt.Errorf("it said nothing to it for %s", raiseTime)

// setLevel tells a server of a level, and returns what it says to that.
func (p *Process) setLevel(ctx context.Context, level string) error {
	params, _ := json.Marshal(map[string]string{"level": level}) // of a string: cannot fail
	answer, forget, err := p.posted(ctx, Question{Method: "logging/setLevel", Params: params})
	if err != nil {
		return err
	}
	defer forget()
	late := time.NewTimer(raiseTime)
	defer late.Stop()
	select {
	case a := <-answer:
		return a.Err
	case <-late.C:
		return errNoWord
	case <-ctx.Done():
		return ctx.Err() // when cancelled, it may not have heard of it: who comes next tells it again
	}
}

// hears reports whether the server was told that level, or a lower one.
func (p *Process) hears(level string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return loglevel.Heard(level, p.standing.level)
}

// logged takes a log message to the request that it belongs to, if its client wants to hear
// of that level: the one on whose stream it came. By stdio no server says of which it is, and
// all are of one client: there it is told once, with the oldest of those that want it and are
// heard, which a call that waits for its client to come back is not.
func (p *Process) logged(msg []byte, e *jsonrpc.Envelope, of int64) bool {
	level, _ := jsonrpc.Text(jsonrpc.Param(msg, "level"))
	wanting := map[int64]*pending{}
	p.mu.Lock()
	for id, w := range p.pending {
		if (of == 0 || of == id) && w.logged != nil && loglevel.Heard(level, w.level) {
			wanting[id] = w
		}
	}
	p.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(wanting)) {
		if w := wanting[id]; w.hears == nil || w.hears() {
			p.deliver(w, w.logged, e.Params)
			return true
		}
	}
	return false
}
