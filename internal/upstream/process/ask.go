// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

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
}

// Answer is what came of a request.
type Answer struct {
	// Result is the result as the server wrote it.
	Result json.RawMessage
	// Err is why there is none: a *[Refused] of the server, or an *[Ended].
	Err error
}

// Refused is an error with which a server answered.
type Refused struct {
	Code    int
	Message string // in the server's words
	Data    json.RawMessage
}

// Error implements error.
func (r *Refused) Error() string { return fmt.Sprintf("%s (%d)", r.Message, r.Code) }

// ErrBusy is the error of a request when too many others wait for the same process.
var ErrBusy = errors.New("too many requests wait for an answer of this process")

// Ask sends a request and returns the server's answer. When ctx ends first, the server is
// told that the request is cancelled, and the error is that of ctx.
func (p *Process) Ask(ctx context.Context, q Question) (json.RawMessage, error) {
	if p.modern {
		if result, ok, err := p.stands(ctx, q); ok {
			return result, err
		}
	}
	id, w, err := p.wait(q)
	if err != nil {
		return nil, err
	}
	msg, err := p.request(id, q)
	if err != nil {
		p.take(strconv.AppendInt(nil, id, 10))
		return nil, err
	}
	if err := p.send(msg); err != nil {
		p.take(strconv.AppendInt(nil, id, 10))
		return nil, err
	}
	for {
		select {
		case params := <-w.progress:
			q.Progress(params)
		case a := <-w.answer:
			for len(w.progress) > 0 { // what was said before the answer
				q.Progress(<-w.progress)
			}
			if a.Err == nil {
				a.Err = incomplete(a.Result)
			}
			if a.Err != nil {
				return nil, a.Err
			}
			return a.Result, nil
		case <-ctx.Done():
			p.cancel(id)
			return nil, ctx.Err()
		}
	}
}

// incomplete is why a result is none: it is no object, it asks the client something, or is
// of another kind that its request did not ask for; nil for any other. A server of the
// older era has no kinds, and its clients may be of the newer: what it says of that is read
// the same way, and so is a second one, or one in other letters, since clients differ in
// which of them they believe.
func incomplete(result json.RawMessage) error {
	scan := jsonrpc.NewScanner(bytes.TrimSpace(result))
	if !scan.AtObject() {
		return &Refused{Code: fault.CodeBadAnswer, Message: "it answered with a result that is no object"}
	}
	var why error
	scan.Members(func(name string) bool {
		if !strings.EqualFold(name, "resultType") {
			return scan.Skip()
		}
		var value []byte
		ok := scan.Raw(&value)
		kind, isText := jsonrpc.Text(value)
		switch {
		case isText && kind == "complete":
		case kind == "input_required":
			why = asksClient()
		default:
			why = &Refused{Code: fault.CodeBadAnswer, Message: "it answered with a result of the type " + redact.Text(string(value)) + ", which nobody asked for"}
		}
		return ok && why == nil
	})
	return why
}

// asksClient is the answer to a call whose server needs something of its client.
func asksClient() *Refused {
	return &Refused{Code: fault.CodeInput, Message: "it asks its client something, and this gateway passes no questions on to clients, and has offered none"}
}

// wait gives a request its id and enters it among those that wait.
func (p *Process) wait(q Question) (int64, *pending, error) {
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
	w := &pending{answer: make(chan Answer, 1)}
	if q.Method == "subscriptions/listen" {
		w.acknowledged = make(chan struct{}, 1)
	}
	if q.Progress != nil {
		w.progress = make(chan json.RawMessage, mostProgress)
	}
	p.pending[p.last] = w
	return p.last, w, nil
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
	if p.modern {
		meta[jsonrpc.VersionKey] = quoted(p.hello.Revision)
		meta[jsonrpc.ClientInfoKey] = p.clientInfo()
		meta[jsonrpc.ClientCapabilitiesKey] = json.RawMessage(`{}`)
		p.mu.Lock()
		if level := p.standing.level; level != "" {
			meta[modernPrefix+"logLevel"] = quoted(level)
		}
		p.mu.Unlock()
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
