// SPDX-License-Identifier: MIT

package remote

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// leastSecret is the shortest part of a header that is kept out of messages, in bytes: a
	// shorter one is a word of any sentence.
	leastSecret = 6
	// renewPause is how long credentials that a server has refused are not read again.
	renewPause = 10 * time.Second
)

// headers are those of the entry, with its credentials, and our own. A session outlives a
// credential: one that the server refuses is read again.
type headers struct {
	read func(ctx context.Context) (http.Header, error)

	mu      sync.Mutex
	now     http.Header
	secrets [2][]string // in these, and in those before
	nth     int         // how often they were others

	reading sync.Mutex
	last    time.Time // when they were read again
}

func newHeaders(now http.Header, read func(ctx context.Context) (http.Header, error)) *headers {
	h := &headers{read: read}
	h.set(now)
	return h
}

// set takes headers, and which parts of them no message repeats.
func (h *headers) set(now http.Header) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now
	h.nth++
	h.secrets[0], h.secrets[1] = nil, h.secrets[0]
	for name, values := range now {
		if name == "User-Agent" {
			continue
		}
		for _, value := range append(values[:len(values):len(values)], strings.Fields(strings.Join(values, " "))...) {
			if len(value) >= leastSecret { // and as a whole, or the token alone
				h.secrets[0] = append(h.secrets[0], value)
			}
		}
	}
}

// clone returns the headers, and which these are.
func (h *headers) clone() (http.Header, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.now), h.nth
}

// withheld are the parts that no message repeats.
func (h *headers) withheld() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Concat(h.secrets[0], h.secrets[1])
}

// renew reads the headers again, since the server has refused the nth, and reports whether
// there are others by now.
func (h *headers) renew(ctx context.Context, nth int) bool {
	h.reading.Lock()
	defer h.reading.Unlock()
	before, current := h.clone()
	switch {
	case current != nth:
		return true // another request was first
	case time.Since(h.last) < renewPause:
		return false
	}
	h.last = time.Now()
	now, err := h.read(ctx)
	if err != nil || reflect.DeepEqual(now, before) {
		return false
	}
	h.set(now)
	return true
}
