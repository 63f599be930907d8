// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/redact"
)

// Question is a request to a server.
type Question struct {
	Method string
	// Params are nil or an object without _meta.
	Params json.RawMessage
	// ClientMeta is params._meta as the client wrote it; nil or an object. What is not a
	// client's to say there is left out.
	ClientMeta json.RawMessage
	// Meta are further members of params._meta.
	Meta map[string]json.RawMessage
	// Progress gets the params of the notifications about the progress of the request, in
	// their order, with the token of the process in them; nil if nobody asked for any. While
	// it does not return, the latest are dropped.
	Progress func(params json.RawMessage)
	// Logged gets the params of log messages of that level and those above it in the same
	// way; nil if nobody asked for any. The level is one of those that the protocol has.
	Logged func(params json.RawMessage)
	Level  string
	Hears  func() bool // whether somebody hears them now; nil for always
	// Asking is what can be asked of the client, and how; zero for nothing.
	Asking asking.Client
	// Header are headers of the request, where it travels over HTTP.
	Header http.Header
}

// Answer is what came of a request.
type Answer struct {
	// Result is the result as the server wrote it.
	Result json.RawMessage
	// Err is why there is none: a *[Refused] of the server, an *[Ended] or an *[Unanswered].
	Err error
}

// Refused is an error with which a server answered.
type Refused struct {
	Code    int
	Message string // in the server's words
	Data    json.RawMessage
	Next    string // what to do about it, where it is the gateway that says so
}

// Error implements error.
func (r *Refused) Error() string { return fmt.Sprintf("%s (%d)", r.Message, r.Code) }

// ErrBusy is the error of a request when too many others wait for the same process.
var ErrBusy = errors.New("too many requests wait for an answer of this process")

// Ask sends a request and returns the server's answer, for which it may ask the client
// something first. When ctx ends first, the server is told that the request is cancelled, and
// the error is that of ctx.
func (p *Process) Ask(ctx context.Context, q Question) (json.RawMessage, error) {
	if p.modern.Load() {
		if result, ok, err := p.stands(ctx, q); ok {
			return result, err
		}
	} else if q.Logged != nil {
		if err := p.raise(ctx, q.Level); err != nil {
			return nil, err // which says more than that it is over: nothing was asked of it
		}
	}
	for params, rounds := q.Params, 0; ; {
		result, err := p.once(ctx, q)
		if again, err := p.visited(ctx, q, err, &rounds); again {
			continue
		} else if err != nil {
			return nil, err
		}
		wants, err := incomplete(result)
		if err != nil || !wants {
			return result, err
		}
		more, err := p.input(ctx, q, result, &rounds)
		if err != nil {
			return nil, err
		}
		q.Params = again(params, more)
	}
}

// once sends a request and returns the answer to it.
func (p *Process) once(ctx context.Context, q Question) (json.RawMessage, error) {
	id, w, err := p.wait(ctx, q)
	if err != nil {
		return nil, err
	}
	defer p.settle(w)
	p.claim(w)
	began := time.Now()
	msg, err := p.request(id, q)
	if err == nil {
		err = p.sendWith(msg, q.Header)
	}
	if err != nil {
		p.take(strconv.AppendInt(nil, id, 10))
		return nil, err
	}
	for {
		select {
		case tell := <-w.said:
			tell()
		case a := <-w.answer:
			for len(w.said) > 0 { // before the answer
				(<-w.said)()
			}
			return a.Result, a.Err
		case <-ctx.Done():
			p.cancel(id)
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				p.unheard(began)
			}
			return nil, ctx.Err()
		}
	}
}

// incomplete reports whether a result asks the client something, and why it is none: it is
// no object, or of another kind that its request did not ask for. A server of the older era
// has no kinds, and its clients may be of the newer: what it says of that is read the same
// way, and so is a second one, or one in other letters, since clients differ in which of
// them they believe.
func incomplete(result json.RawMessage) (wants bool, err error) {
	scan := jsonrpc.NewScanner(bytes.TrimSpace(result))
	if !scan.AtObject() {
		return false, &Refused{Code: fault.CodeBadAnswer, Message: "it answered with a result that is no object", Next: lookFirst}
	}
	scan.Members(func(name string) bool {
		if !strings.EqualFold(name, "resultType") {
			return scan.Skip()
		}
		var value []byte
		ok := scan.Raw(&value)
		kind, isText := jsonrpc.Text(value)
		switch {
		case isText && kind == "complete":
		case isText && kind == inputRequired:
			wants = true
		default:
			err = &Refused{Code: fault.CodeBadAnswer, Message: "it answered with a result of the type " + redact.Text(string(value)) + ", which nobody asked for", Next: lookFirst}
		}
		return ok && err == nil
	})
	return wants, err
}

// wait gives a request its id and enters it among those that wait.
func (p *Process) wait(ctx context.Context, q Question) (int64, *pending, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.err != nil:
		return 0, nil, p.err
	case p.pending == nil:
		return 0, nil, &Ended{Server: p.o.Server, How: "it was told to"}
	case len(p.pending) >= mostPending:
		return 0, nil, ErrBusy
	}
	p.last++
	w := &pending{answer: make(chan Answer, 1), asking: q.Asking, left: make(chan struct{})}
	w.ctx, w.over = context.WithCancel(ctx)
	if q.Method == "subscriptions/listen" {
		w.acknowledged = make(chan struct{}, 1)
	}
	if w.progress, w.logged = q.Progress, q.Logged; w.progress != nil || w.logged != nil {
		w.said, w.level, w.hears = make(chan func(), mostSaid), q.Level, q.Hears
	}
	p.pending[p.last] = w
	return p.last, w, nil
}

// posted sends a request, and returns where the answer comes, and what ends the wait for it.
func (p *Process) posted(ctx context.Context, q Question) (answer <-chan Answer, forget func(), err error) {
	id, w, err := p.wait(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	msg, err := p.request(id, q)
	if err == nil {
		err = p.sendWith(msg, q.Header)
	}
	if err != nil {
		w.over()
		p.take(strconv.AppendInt(nil, id, 10))
		return nil, nil, err
	}
	return w.answer, func() {
		w.over()
		p.cancel(id)
	}, nil
}

// Tell sends a notification.
func (p *Process) Tell(method string, params json.RawMessage) error {
	msg := []byte(`{"jsonrpc":"2.0","method":` + strconv.Quote(method))
	if len(params) > 0 {
		msg = append(append(msg, `,"params":`...), params...)
	}
	return p.send(append(msg, '}'))
}

// request writes the request with what is the package's own in it.
func (p *Process) request(id int64, q Question) ([]byte, error) {
	method, err := json.Marshal(q.Method)
	if err != nil {
		return nil, err
	}
	msg := append(strconv.AppendInt([]byte(`{"jsonrpc":"2.0","id":`), id, 10), `,"method":`...)
	msg = append(msg, method...)
	if len(q.Params) > 0 {
		msg = append(append(msg, `,"params":`...), q.Params...)
	}
	msg = append(msg, '}')
	meta, err := p.meta(id, q)
	if err != nil || len(meta) == 0 {
		return msg, err
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return nil, err
	}
	return jsonrpc.WithMembers(msg, &e, e.ID, string(text[1:len(text)-1]))
}

// modernPrefix begins the members of _meta by which a request of the newer era says what
// one of the older said once.
const modernPrefix = "io.modelcontextprotocol/"

// OwnPrefix begins the members of _meta that are the gateway's: neither clients nor
// servers write them.
const OwnPrefix = "tailscale-mcp/"

// meta is params._meta of a request: the client's members but for those that are not its
// own to write, and ours.
func (p *Process) meta(id int64, q Question) (map[string]json.RawMessage, error) {
	var meta map[string]json.RawMessage
	if len(q.ClientMeta) > 0 && json.Unmarshal(q.ClientMeta, &meta) != nil {
		return nil, jsonrpc.ErrParams
	}
	if meta == nil {
		meta = map[string]json.RawMessage{}
	}
	for name := range meta {
		if strings.HasPrefix(name, modernPrefix) || strings.HasPrefix(name, OwnPrefix) {
			delete(meta, name)
		}
	}
	if p.modern.Load() {
		meta[jsonrpc.VersionKey] = quoted(p.hello.Revision)
		meta[jsonrpc.ClientInfoKey] = p.clientInfo()
		meta[jsonrpc.ClientCapabilitiesKey] = p.o.Offers.Capabilities()
		p.mu.Lock()
		level := cmp.Or(q.Level, p.standing.level)
		p.mu.Unlock()
		if level != "" {
			meta[jsonrpc.LogLevelKey] = quoted(level)
		}
	}
	delete(meta, "progressToken")
	if q.Progress != nil {
		meta["progressToken"] = strconv.AppendInt(nil, id, 10)
	}
	maps.Copy(meta, q.Meta)
	return meta, nil
}

func (p *Process) clientInfo() json.RawMessage {
	text, _ := json.Marshal(map[string]string{"name": p.o.ClientName, "version": p.o.ClientVersion}) // of two strings: cannot fail
	return text
}

func quoted(s string) json.RawMessage {
	text, _ := json.Marshal(s) // of a string: cannot fail
	return text
}
