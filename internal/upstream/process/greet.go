// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tailscale-mcp/internal/jsonrpc"
)

// Revisions that servers are spoken to in.
const (
	legacyRevision = "2025-11-25"
	modernRevision = "2026-07-28"
)

// mostHello is how long, in bytes, what a server says of itself may be: it is kept for as
// long as the process runs.
const mostHello = 1 << 20

var errTalkative = fmt.Errorf("it says more than %d MiB about itself", mostHello>>20)

const (
	// silenceTime is how long a server may take, its start included, to answer a client of the
	// newer era before it is asked for the older too: some of the older say nothing to a method
	// that they do not know. lateTime is that of one which is known to answer later.
	silenceTime = 3 * time.Second
	lateTime    = 20 * time.Second
	// vainTime is how long a program that was asked for the newer may take to answer
	// initialize; then it is started anew, and not asked again.
	vainTime = 20 * time.Second
	// newerTime is how long a server of the older era may take to say that it is of no other.
	newerTime = 10 * time.Second
)

// greet has the server say what it is: in the older era first, or in the newer. It is spoken
// to in that if it knows it, and else in the other.
func (p *Process) greet(ctx context.Context, newer bool) error {
	if newer && !p.link.Older() {
		return p.greetNewer(ctx)
	}
	err := p.initialize(ctx)
	var refused, again *Refused
	switch {
	case errors.As(err, &refused):
		err := p.discover(ctx, false)
		if errors.As(err, &again) {
			return fmt.Errorf("it refused initialize (%w) and server/discover (%v)", refused, again.Message)
		} else if err == nil {
			p.o.Eras.note(unknown, no)
		}
		return err
	case err != nil:
		return err
	case p.link.Stateless() && p.o.Eras.knows() != no && p.knowsNewer(ctx):
		return nil
	}
	return p.Tell("notifications/initialized", nil)
}

// initialize asks a server what it is in the older era. The error is a *[Refused] when it
// does not know that.
func (p *Process) initialize(ctx context.Context) error {
	var said struct {
		ProtocolVersion string          `json:"protocolVersion"`
		Capabilities    json.RawMessage `json:"capabilities"`
		Instructions    string          `json:"instructions"`
		ServerInfo      struct {
			Name        string `json:"name"`
			Version     string `json:"version"`
			Title       string `json:"title"`
			Description string `json:"description"`
		} `json:"serverInfo"`
	}
	params, err := json.Marshal(map[string]any{
		"protocolVersion": legacyRevision, "capabilities": p.o.Offers.Capabilities(), "clientInfo": p.clientInfo(),
	})
	if err != nil {
		return err
	}
	result, err := p.Ask(ctx, Question{Method: "initialize", Params: params})
	if err != nil {
		return err
	}
	if len(result) > mostHello {
		return errTalkative
	}
	if err := json.Unmarshal(result, &said); err != nil || said.ProtocolVersion == "" {
		return errors.New("it answered initialize with something that is no answer to it")
	}
	p.hello = Hello{
		Name: said.ServerInfo.Name, Version: said.ServerInfo.Version, Revision: said.ProtocolVersion,
		Title: said.ServerInfo.Title, Description: said.ServerInfo.Description, Instructions: said.Instructions, Capabilities: said.Capabilities,
	}
	p.o.Eras.met(p.hello.Name, p.hello.Version)
	return nil
}

// knowsNewer asks a server that has answered initialize, and keeps nothing for its client,
// whether it is of the newer era too. If so it is from then on, whatever its client is: in
// the newer it can ask that client something, and tell it of changes.
func (p *Process) knowsNewer(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, newerTime)
	defer cancel()
	err := p.discover(ctx, true)
	if err != nil {
		p.o.Eras.note(learned(err), unknown)
	}
	return err == nil
}

// greetNewer asks a server what it is in the newer era, and in the older unless it answers
// that (2026-07-28, "stdio", "Backward Compatibility"): whatever it says, and if it says
// nothing. What it makes of that question is not to keep it from being used: with an error, a
// program is started anew.
func (p *Process) greetNewer(ctx context.Context) error {
	answer, forget, err := p.posted(ctx, p.discovery())
	if err != nil {
		return err
	}
	defer forget()
	wait := silenceTime
	if p.o.Eras.knows() == late {
		wait = lateTime
	}
	silence := time.NewTimer(wait)
	defer silence.Stop()
	knows, said := no, true
	select {
	case a := <-answer:
		h, err := newerHello(a, true)
		if err == nil {
			p.speaksNewer(h)
			return nil
		}
		if knows = learned(err); errors.As(err, new(*Ended)) {
			return err
		}
	case <-silence.C:
		said = false
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.o.Link == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, vainTime)
		defer cancel()
	}
	err = p.initialize(ctx)
	if !said {
		if h, found := p.late(ctx, answer, err, &knows); found {
			p.speaksNewer(h)
			return nil
		}
	}
	if err != nil {
		return err
	}
	p.o.Eras.note(knows, unknown)
	return p.Tell("notifications/initialized", nil)
}

// late takes what has come of server/discover by the time that there is an answer to
// initialize, which is err. Found means that the server is spoken to in the newer era still:
// it has refused the older, or does not mind what it is asked besides.
func (p *Process) late(ctx context.Context, answer <-chan Answer, err error, knows *knowledge) (h Hello, found bool) {
	refused := errors.As(err, new(*Refused))
	var a Answer
	select {
	case a = <-answer:
	default:
		if !refused {
			return h, false
		}
		select {
		case a = <-answer:
		case <-ctx.Done():
			return h, false
		}
	}
	h, bad := newerHello(a, true)
	*knows = learned(bad)
	return h, bad == nil && (refused || p.link.Stateless())
}

// learned is what the answer to server/discover says of the server, where it was late, or
// why there was none.
func learned(err error) knowledge {
	var not *Unanswered
	switch {
	case err == nil:
		return late
	case errors.As(err, &not) && (not.Unknown || not.Later):
		return unknown // it is out of order, or has no time
	}
	return no
}

// discovery is the question what a server is, in the newer era, whatever is spoken so far.
func (p *Process) discovery() Question {
	return Question{Method: "server/discover", Params: json.RawMessage(`{}`), Meta: map[string]json.RawMessage{
		jsonrpc.VersionKey: quoted(modernRevision), jsonrpc.ClientInfoKey: p.clientInfo(), jsonrpc.ClientCapabilitiesKey: p.o.Offers.Capabilities(),
	}}
}

// discover asks a server of the newer era what it is.
func (p *Process) discover(ctx context.Context, sure bool) error {
	result, err := p.Ask(ctx, p.discovery())
	h, err := newerHello(Answer{Result: result, Err: err}, sure)
	if err == nil {
		p.speaksNewer(h)
	}
	return err
}

// speaksNewer has the server be spoken to in the newer era from now on.
func (p *Process) speaksNewer(h Hello) {
	if h.Name == "" {
		h.Name, h.Version = p.hello.Name, p.hello.Version
	}
	p.hello = h
	p.o.Eras.met(h.Name, h.Version)
	p.modern.Store(true)
}

// newerHello is what a server of the newer era says that it is. To be sure, it has to say
// that it is of that: some answer anything with something.
func newerHello(a Answer, sure bool) (Hello, error) {
	var said struct {
		SupportedVersions []string                   `json:"supportedVersions"`
		Capabilities      json.RawMessage            `json:"capabilities"`
		Instructions      string                     `json:"instructions"`
		Meta              map[string]json.RawMessage `json:"_meta"`
	}
	if a.Err != nil {
		return Hello{}, a.Err
	}
	if len(a.Result) > mostHello {
		return Hello{}, errTalkative
	}
	if err := json.Unmarshal(a.Result, &said); err != nil {
		return Hello{}, errors.New("it answered server/discover with something that is no answer to it")
	}
	if (sure || said.SupportedVersions != nil) && !slices.Contains(said.SupportedVersions, modernRevision) {
		return Hello{}, errors.New("of the revisions of MCP that it knows, none is known here")
	}
	h := Hello{Revision: modernRevision, Instructions: said.Instructions, Capabilities: said.Capabilities}
	var info struct{ Name, Version, Title, Description string }
	if json.Unmarshal(said.Meta[modernPrefix+"serverInfo"], &info) == nil {
		h.Name, h.Version, h.Title, h.Description = info.Name, info.Version, info.Title, info.Description
	}
	return h, nil
}

// told is why the start failed, as whoever asked is told.
func (p *Process) told(err error) error {
	var ended *Ended
	var unanswered *Unanswered
	switch {
	case errors.As(err, &ended), errors.As(err, &unanswered):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server %s did not say what it is within %s", p.o.Server, startTime)
	case errors.Is(err, jsonrpc.ErrParams):
		return err
	}
	return fmt.Errorf("the server %s cannot be used: %w", p.o.Server, err)
}
