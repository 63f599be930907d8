// SPDX-License-Identifier: MIT

package process

import (
	"errors"
	"slices"
	"strconv"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/redact"
)

// How a question of a server ends: by its answer, with the request that it belongs to, with
// the process, or since the server wants no answer any more.

// settle withdraws what was asked for a request that has ended, and returns when its client
// has been told: what follows is the answer to it.
func (p *Process) settle(w *pending) {
	w.over()
	close(w.left)
	p.mu.Lock()
	open := slices.Clone(w.asked)
	p.mu.Unlock()
	for _, q := range open {
		<-q.done
	}
}

// settled answers a question of the server, unless it wants no answer any more. It returns
// when the answer is written: what follows may need it. The reader does not call it with one.
func (p *Process) settled(q *question, a asking.Response, err error) {
	p.mu.Lock()
	delete(p.posed.byID, jsonrpc.IDKey(q.id))
	if q.of != nil {
		q.of.asked = slices.DeleteFunc(q.of.asked, func(o *question) bool { return o == q })
	}
	withdrawn, over := q.withdrawn, q.ctx.Err() != nil
	q.forget()
	p.mu.Unlock()
	q.cancel()
	defer close(q.done)
	if over && q.of != nil && !withdrawn {
		<-q.of.left // or the server could take it for an answer, and go on with a call that is cancelled
	}
	begin := []byte(`{"jsonrpc":"2.0","id":` + string(q.id))
	var reply []byte
	switch {
	case withdrawn:
		return
	case err == nil && a.Result != nil:
		reply = WithoutOwn(jsonrpc.Join(begin, []byte(`,"result":`), a.Result, []byte(`}`)))
	case err == nil && a.Error != nil:
		reply = WithoutOwn(jsonrpc.Join(begin, []byte(`,"error":`), a.Error, []byte(`}`)))
	case q.request.Method == asking.Elicit && (over || errors.Is(err, asking.ErrVoid)):
		reply = jsonrpc.Join(begin, []byte(`,"result":`), asking.Cancelled, []byte(`}`))
	case over || err == nil:
		reply = refusal(q.id, q.request.Method, errOver)
	default:
		reply = refusal(q.id, q.request.Method, err)
	}
	_ = p.send(reply)
}

// forget stops what would keep the question after its end: a server may ask and withdraw as
// fast as it writes. The caller of forget holds mu of the process.
func (q *question) forget() {
	if q.unclaimed != nil {
		q.unclaimed.Stop()
	}
}

// withdraw ends the questions of a process that has ended.
func (p *Process) withdraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.posed.byID {
		q.withdrawn = true
		q.cancel()
	}
	for _, q := range p.posed.unclaimed {
		q.forget()
		close(q.done)
	}
	p.posed = posed{}
}

// withdrawn takes the word of the server that it wants no answer to a question any more.
func (p *Process) withdrawn(e *jsonrpc.Envelope) {
	if !jsonrpc.UsableID(e.RequestID) {
		p.waste()
		return
	}
	p.mu.Lock()
	q := p.posed.byID[jsonrpc.IDKey(e.RequestID)]
	if q != nil {
		q.withdrawn = true
		q.cancel()
	}
	p.mu.Unlock()
	if q == nil {
		p.waste() // it is over, or none of its own
		return
	}
	if p.unclaim(q) {
		p.settled(q, asking.Response{}, nil)
	}
}

// refusal is the answer to a question of the server that says why there is none.
func refusal(id []byte, method string, why error) []byte {
	code := fault.CodeInput
	if errors.Is(why, asking.ErrNotOffered) {
		code = fault.MethodNotFound
	}
	return (&fault.Error{Code: code, Message: strconv.Quote(redact.Text(method)) + " was not answered: " + why.Error() + "; answer the call without it, or fail it"}).Answer(id)
}
