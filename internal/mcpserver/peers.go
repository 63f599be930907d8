// SPDX-License-Identifier: MIT

package mcpserver

import (
	"container/list"
	"net/http"
	"sync"
)

// mostPeers bounds the mcp-go servers that are kept. One is a few kilobytes
// and made in microseconds, so losing an old one costs nothing; a request that
// runs on it keeps it alive.
const mostPeers = 1024

// peers keeps one mcp-go server per identity. What mcp-go shares within a
// server (requests in flight, subscriptions) is thereby never shared between
// two callers.
type peers struct {
	make func() http.Handler

	mu    sync.Mutex
	byKey map[string]*list.Element
	// order has the latest used in front.
	order *list.List
}

type peer struct {
	key     string
	handler http.Handler
}

func newPeers(make func() http.Handler) *peers {
	return &peers{make: make, byKey: map[string]*list.Element{}, order: list.New()}
}

// get returns the server of the identity key.
func (p *peers) get(key string) http.Handler {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.byKey[key]; ok {
		p.order.MoveToFront(e)
		return e.Value.(*peer).handler
	}
	e := p.order.PushFront(&peer{key, p.make()})
	p.byKey[key] = e
	if p.order.Len() > mostPeers {
		last := p.order.Back()
		p.order.Remove(last)
		delete(p.byKey, last.Value.(*peer).key)
	}
	return e.Value.(*peer).handler
}
