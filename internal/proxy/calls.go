// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"errors"
	"sync"

	"tailscale-mcp/internal/bridge"
	"tailscale-mcp/internal/jsonrpc"
)

// call is one request to the server that has no answer yet.
type call struct {
	env    jsonrpc.Envelope
	msg    []byte // the request
	id     []byte // for the answer; as in msg, if the client asks
	key    string // idKey of the id in msg
	modern bool
	own    bool               // asked by the proxy, not by its client
	parent *call              // the client's request that this one is sent for; nil if there is none
	cancel context.CancelFunc // ends its HTTP request
	reply  func(msg []byte)   // takes the answer over
	quiet  bool               // no message of its response is passed to the client

	over         chan struct{}        // of an initialize of the client: closed once what follows may be sent
	opened       *session             // by it
	subscription *bridge.Subscription // of a modern subscriptions/listen
	toolsVersion int                  // of a tools/list: of the schemas when it was sent

	older bool // it was found out by it that the server speaks HTTP+SSE

	sent     bool // handed to HTTP; guarded by calls.mu
	finished bool // answered or cancelled; guarded by calls.mu
}

// answeredBy reports whether the response e answers c: it has the id of c, or that id
// rounded by a server that keeps numbers as float64, or it is an error without an id.
func (c *call) answeredBy(e *jsonrpc.Envelope) bool {
	return e.Kind() == jsonrpc.ErrorWithoutID || jsonrpc.IDKey(e.ID) == c.key || jsonrpc.SameRounded(e.ID, c.env.ID)
}

// calls are the requests in flight. It is what makes answers unique: whoever
// finishes a call is the one that may answer it.
type calls struct {
	mu      sync.Mutex
	byKey   map[callKey]*call
	open    int  // calls and other messages that are to be done before the end
	closing bool // nothing is to be begun any more
	idle    chan struct{}

	// workers are the goroutines of what was begun or held. One may outlive
	// its call, to read the end of a response.
	workers sync.WaitGroup
}

// callKey tells calls apart. Ids of the client and of the proxy may be equal.
type callKey struct {
	id  string // idKey
	own bool
}

// newCalls returns calls with none in flight.
func newCalls() *calls {
	return &calls{byKey: make(map[callKey]*call), idle: make(chan struct{})}
}

// Errors of begin.
var (
	errInFlight = errors.New("a request with this id is in flight")
	errClosing  = errors.New("the proxy is stopping")
)

// begin enters c, which has to be released, and a worker, which has to be done. While
// the proxy is stopping it enters only the calls that open ones need.
func (t *calls) begin(c *call) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := callKey{c.key, c.own}
	switch {
	case t.byKey[key] != nil:
		return errInFlight
	case t.closing && !t.serves(c):
		return errClosing
	}
	t.byKey[key] = c
	t.open++
	t.workers.Add(1)
	return nil
}

// serves reports whether an open call needs c for its answer. Such a call may begin
// even while the proxy is stopping.
func (t *calls) serves(c *call) bool {
	return c.own && c.subscription == nil && t.open > 0 && (c.parent == nil || !c.parent.finished)
}

// hold counts one more message to deliver before the proxy ends, and a worker. It
// reports false once the proxy waits for nothing any more.
func (t *calls) hold() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closing && t.open == 0 {
		return false
	}
	t.open++
	t.workers.Add(1)
	return true
}

// release undoes the count of one begin or hold.
func (t *calls) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open--; t.open == 0 && t.closing {
		close(t.idle)
	}
}

// finish takes c out. It reports true to its first caller only, who has to answer c
// and then release it.
func (t *calls) finish(c *call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take(c)
}

// take is finish for a caller that holds mu.
func (t *calls) take(c *call) bool {
	if c.finished {
		return false
	}
	c.finished = true
	delete(t.byKey, callKey{c.key, c.own})
	return true
}

// done reports whether c is finished.
func (t *calls) done(c *call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return c.finished
}

// send marks c as handed to HTTP. It reports false when it was cancelled
// before.
func (t *calls) send(c *call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.finished {
		return false // and from here on nobody may touch c but who finished it
	}
	c.sent = true
	return true
}

// find returns the call of the client in flight with this id; nil if there is none.
func (t *calls) find(id []byte) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byKey[callKey{id: jsonrpc.IDKey(id)}]
}

// drop finishes and returns the call with this id, which the client cancelled; nil if
// there is no such call. sent says whether the server may know of it.
func (t *calls) drop(id []byte) (c *call, sent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c = t.byKey[callKey{id: jsonrpc.IDKey(id)}]
	if c == nil || c.env.Method == methodInitialize { // which cannot be cancelled
		return nil, false
	}
	t.take(c)
	return c, c.sent
}

// close lets no more calls begin. The channel that it returns is closed once every
// call and message is done.
func (t *calls) close() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closing {
		t.closing = true
		if t.open == 0 {
			close(t.idle)
		}
	}
	return t.idle
}

// rest finishes and returns the open calls that want selects. The caller has to answer
// and release each.
func (t *calls) rest(want func(*call) bool) []*call {
	t.mu.Lock()
	defer t.mu.Unlock()
	var left []*call
	for _, c := range t.byKey {
		if want(c) {
			left = append(left, c)
		}
	}
	for _, c := range left {
		t.take(c)
	}
	return left
}
