// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"

	"tailscale-mcp/internal/jsonrpc"
)

// ask is a request to the client that has no response yet.
type ask struct {
	id      []byte       // as the client has it
	session *session     // whose server asked
	theirs  []byte       // the id as that server has it; nil when the proxy asks
	answer  func([]byte) // takes the answer when the proxy asks; does not block
}

// asks are the requests to the client without a response. A server that forgot
// its session begins its ids anew while the client may still be answering the
// first one, and the proxy sends requests itself: an id that is in use at the client
// is replaced by one of the proxy's.
type asks struct {
	mu    sync.Mutex
	byKey map[string]*ask // by the id that the client has
	n     int             // how many ids were made
}

// maxAsks is how many requests of servers may wait for the client at once.
const maxAsks = 1024

// errAsks is the error of a request of the server over maxAsks.
var errAsks = fmt.Errorf("the client has %d requests that it has not answered", maxAsks)

// relayed enters a request with this id that the server sent in the session s. It
// returns nil when maxAsks are entered.
func (t *asks) relayed(s *session, id []byte) *ask {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byKey) >= maxAsks {
		return nil
	}
	id = bytes.Clone(id) // the message may be large, and the client take its time
	a := &ask{id: id, session: s, theirs: id}
	if t.byKey[jsonrpc.IDKey(id)] != nil {
		a.id = t.fresh()
	}
	t.enter(a)
	return a
}

// own enters a request of the proxy under a new id. answer gets the response.
func (t *asks) own(answer func([]byte)) *ask {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := &ask{id: t.fresh(), answer: answer}
	t.enter(a)
	return a
}

// enter puts a into byKey. The caller holds mu.
func (t *asks) enter(a *ask) {
	if t.byKey == nil {
		t.byKey = make(map[string]*ask)
	}
	t.byKey[jsonrpc.IDKey(a.id)] = a
}

// fresh returns an id that no request to the client has. The caller holds mu.
func (t *asks) fresh() []byte {
	for {
		t.n++
		id := strconv.AppendQuote(nil, "tailscale-mcp-proxy/ask/"+strconv.Itoa(t.n))
		if t.byKey[jsonrpc.IDKey(id)] == nil {
			return id
		}
	}
}

// take removes and returns the request with this id, as the client has it; nil when
// there is none.
func (t *asks) take(id []byte) *ask {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.byKey[jsonrpc.IDKey(id)]
	delete(t.byKey, jsonrpc.IDKey(id))
	return a
}

// cancelled removes and returns the request that the server cancels in the session s
// by the id theirs; nil when there is none.
func (t *asks) cancelled(s *session, theirs []byte) *ask {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, a := range t.byKey {
		if a.session == s && a.theirs != nil && jsonrpc.IDKey(a.theirs) == jsonrpc.IDKey(theirs) {
			delete(t.byKey, key)
			return a
		}
	}
	return nil
}
