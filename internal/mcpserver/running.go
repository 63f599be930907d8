// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"sync"
)

// running are the requests of older revisions in flight, so that their own
// caller can cancel them.
type running struct {
	mu   sync.Mutex
	byID map[string][]*context.CancelFunc
}

// add notes a request of the caller key and returns what forgets it again. A
// message without an id cannot be named and is not noted.
func (r *running) add(key string, id json.RawMessage, cancel context.CancelFunc) (remove func()) {
	if id == nil {
		return func() {}
	}
	k := key + "\x00" + string(id)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = map[string][]*context.CancelFunc{}
	}
	r.byID[k] = append(r.byID[k], &cancel)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		kept := r.byID[k][:0:0]
		for _, other := range r.byID[k] {
			if other != &cancel {
				kept = append(kept, other)
			}
		}
		if r.byID[k] = kept; len(kept) == 0 {
			delete(r.byID, k)
		}
	}
}

// cancel ends the caller's request with that id. Two programs on one node may
// use the same id at the same time: then it is not known which is meant, and
// neither is ended, which the protocol permits.
func (r *running) cancel(key string, id json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if found := r.byID[key+"\x00"+string(id)]; len(found) == 1 {
		(*found[0])()
	}
}
