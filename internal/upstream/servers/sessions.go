// SPDX-License-Identifier: MIT

package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
	"weak"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/session"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/offer"
	"tailscale-mcp/internal/upstream/pool"
	"tailscale-mcp/internal/upstream/process"
)

// Sessions are those of clients with the servers.
func (s *Servers) Sessions() *session.Table { return s.sessions }

// holder is whose process a call goes to: that of its session, else that of its caller, whose
// processes are told apart by the era of its clients and by what they can be asked.
func holder(e entry.Server, call gate.Call) pool.Holder {
	client, version := call.Client()
	key, offers := call.Caller.Key(), call.Asking().Offers.And(e.Offers())
	h := pool.Holder{Name: session.Holder(key, call.Newer(), offers), Caller: key, ClientName: client, ClientVersion: version, Newer: call.Newer(), Offers: offers}
	switch id := call.Session(); {
	case e.Shared: // in the newer era, each request says of whom it is; who began it is nobody's business
		h.Name, h.Newer = "", true
		h.ClientName, h.ClientVersion = "tailscale-mcp", "shared"
	case id != "":
		h.Name = id
	}
	return h
}

// use returns the process of a holder, which may be the session with that id.
func (s *Servers) use(ctx context.Context, e entry.Server, holder pool.Holder, id string) (*process.Process, func(), error) {
	if id == "" || e.Shared {
		return s.pool.Use(ctx, e, holder)
	}
	own := s.sessions.Get(id)
	if own == nil {
		return nil, nil, over(e.Name)
	}
	p, release, err := s.pool.Use(ctx, e, holder)
	if err != nil {
		return nil, nil, err
	}
	if !own.Runs(weak.Make(p)) && e.Stateful {
		release()
		s.sessions.End(id)
		return nil, nil, over(e.Name)
	}
	select {
	case <-own.Done(): // and nobody else ends what was started for it meanwhile
		release()
		s.pool.End(e.Name, id)
		return nil, nil, over(e.Name)
	default:
	}
	return p, release, nil
}

func over(server string) *failure.Error {
	return &failure.Error{
		Code: failure.UpstreamUnavailable, Message: "your session with the server " + server + " is over, and what the server knew of it is gone",
		Next: "have your client connect anew",
	}
}

// ended ends the session of a process that has ended, where it is not to have another.
func (s *Servers) ended(name, holder string) {
	own := s.sessions.Get(holder)
	if own == nil || !own.Ran() {
		return
	}
	go func() { // the pool is locked
		s.mu.Lock()
		k := s.known[name]
		s.mu.Unlock()
		if k == nil || k.entry.Stateful {
			s.sessions.End(holder)
		}
	}()
}

// renewTime is how long a new process may take to take over what its session had asked for.
const renewTime = 10 * time.Second

// renew tells a new process what its session has asked for before. What it refuses now, its
// client does without: there is no request that could be answered with an error.
func (s *Servers) renew(ctx context.Context, name, holder string, p *process.Process) {
	if holder == "" {
		return // one process for all is asked nothing for one of them
	}
	ctx, cancel := context.WithTimeout(ctx, renewTime)
	defer cancel()
	again := func(method, member, value string) {
		if _, err := p.Ask(ctx, process.Question{Method: method, Params: paramsOf(member, value)}); err != nil {
			s.o.Log.Info("a new process does not take over what was asked of the one before", "server", name, "method", method, "err", err)
		}
	}
	told := map[string]bool{}
	for _, own := range s.sessions.Hearing(name, holder) {
		if level := own.Level(); level != "" {
			again("logging/setLevel", "level", level)
		}
		for _, uri := range own.Subscriptions() {
			if !told[uri] {
				again("resources/subscribe", "uri", uri)
			}
			told[uri] = true
		}
	}
}

func paramsOf(member, value string) json.RawMessage {
	text, _ := json.Marshal(map[string]string{member: value}) // of strings: cannot fail
	return text
}

// Tell asks the process of a session for something that concerns the session only, if it
// runs: one that is started later is told then. The error is a *[failure.Error].
func (s *Servers) Tell(ctx context.Context, own *session.Session, method, member, value string) error {
	ctx, cancel := context.WithTimeout(ctx, renewTime)
	defer cancel()
	p := s.pool.Await(ctx, own.Server, own.ID)
	if p == nil {
		return nil
	}
	if _, err := p.Ask(ctx, process.Question{Method: method, Params: paramsOf(member, value)}); err != nil {
		return offer.Explain(own.Server, renewTime, err)
	}
	return nil
}

// RootsChanged tells the process of a session, if it runs, that the client's roots are
// others.
func (s *Servers) RootsChanged(own *session.Session) {
	p := s.pool.Running(own.Server, own.ID)
	if p == nil || !p.Offers().RootsChange {
		return
	}
	if err := p.Tell("notifications/roots/list_changed", nil); err != nil {
		s.o.Log.Debug("a server was not told that the roots have changed", "server", own.Server, "err", err)
	}
}

// heard takes a notification of a process to whom it is for: a session whose own process it
// is. What is not known here goes to nobody.
func (s *Servers) heard(name, holder, method string, msg []byte) {
	switch method {
	case "notifications/tools/list_changed", "notifications/prompts/list_changed":
		s.lookAgain(name, holder, lookEvery)
		return
	}
	hearing := s.sessions.Hearing(name, holder)
	if len(hearing) == 0 {
		return
	}
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return
	}
	event := session.Event{Method: method, Params: bytes.Clone(e.Params)} // and not the message with it
	level, _ := jsonrpc.Text(jsonrpc.Param(msg, "level"))
	if method == "notifications/resources/updated" {
		event.URI = e.URI
		if e.Meta != nil { // a tag of the gateway's own subscription
			event.Params = paramsOf("uri", e.URI)
		}
	}
	for _, own := range hearing {
		switch {
		case method == "notifications/resources/list_changed":
			own.ListChanged()
		case holder == "": // what one client of a shared process does is nothing for others
		case method == "notifications/resources/updated":
			own.Updated(event)
		case method == "notifications/elicitation/complete" && own.Offers.URL:
			own.Visited(event)
		case method == "notifications/message":
			own.Log(level, event)
		}
	}
}

// outside is how the client of a session is asked what belongs to none of its requests: on
// its stream, while it has one.
func (s *Servers) outside(_, holder string) asking.Func {
	own := s.sessions.Get(holder)
	if own == nil {
		return nil
	}
	return own.Outside()
}
