// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"errors"
	"sync"
)

// call is one request that has no answer yet.
type call struct {
	env    envelope
	msg    []byte // the request
	id     []byte // for the answer; as in msg, if the client asks
	key    string // idKey of the id in msg
	modern bool
	own    bool               // asked by the proxy, not by its client
	of     *call              // of the client, that the proxy asks this for; nil when there is none
	cancel context.CancelFunc // ends its HTTP request
	reply  func(msg []byte)   // takes the answer over
	quiet  bool               // nothing on its response is for the client

	over         chan struct{} // of an initialize of the client: closed once what follows it may be sent
	opened       *session      // by it
	listening    *listening    // of a modern subscriptions/listen
	toolsVersion int           // of a tools/list: of the schemas when it was sent

	sent     bool // handed to HTTP; guarded by calls.mu
	finished bool // answered or cancelled; guarded by calls.mu
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

func newCalls() *calls {
	return &calls{byKey: make(map[callKey]*call), idle: make(chan struct{})}
}

var (
	errInFlight = errors.New("a request with this id is in flight")
	errClosing  = errors.New("the proxy is stopping")
)

// begin enters c, to be released, and a worker, to be done. What a call needs
// that may still be answered is begun to the end.
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

// serves reports whether c is needed for the answer to an open call, and may
// thus still begin when nothing else may.
func (t *calls) serves(c *call) bool {
	return c.own && c.listening == nil && t.open > 0 && (c.of == nil || !c.of.finished)
}

// hold counts one more thing to be done before the end, and a worker. It
// reports false when nothing is left that the end waits for.
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

// release says that one thing that was begun or held is done.
func (t *calls) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open--; t.open == 0 && t.closing {
		close(t.idle)
	}
}

// finish takes c out. It reports true to the first who asks: that one answers,
// and then releases.
func (t *calls) finish(c *call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.take(c)
}

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

// find is the call of the client in flight with this id, or nil.
func (t *calls) find(id []byte) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byKey[callKey{id: idKey(id)}]
}

// drop finishes the call with this id because its client cancelled it; nil
// when there is none. sent says whether the server may know of it.
func (t *calls) drop(id []byte) (c *call, sent bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c = t.byKey[callKey{id: idKey(id)}]
	if c == nil || c.env.method == methodInitialize { // which cannot be cancelled
		return nil, false
	}
	t.take(c)
	return c, c.sent
}

// close says that nothing is to be begun any more. The channel it returns is
// closed when nothing is left to be done.
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

// rest finishes and returns every call that is left and that want says yes to.
// Each is to be answered and released.
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
