// SPDX-License-Identifier: MIT

package limit

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tailscale-mcp/internal/tsapi/fault"
)

// maxQueue bounds the requests of one caller that wait for a slot.
const maxQueue = 128

// Slots bound the requests under way and deal them over callers in turn: one who
// has hundreds waiting makes another wait for one round and not for hundreds.
// Within a caller, the first comes first.
type Slots struct {
	size int
	most int // of one caller, so that another finds one free

	mu      sync.Mutex
	used    int
	of      map[string]int               // how many a caller has
	waiting map[string][]chan<- struct{} // in order; closed when the slot is theirs
	turns   []string                     // the callers with somebody waiting, the next one first
}

// NewSlots returns so many slots, of which one caller gets three quarters at most.
func NewSlots(size int) *Slots {
	return &Slots{size: size, most: max(1, size*3/4), of: map[string]int{}, waiting: map[string][]chan<- struct{}{}}
}

// Size returns how many slots there are.
func (s *Slots) Size() int { return s.size }

// Take waits for a slot of the caller with that key; the empty key is the program
// itself, which may have them all. Whoever gets one gives it back.
func (s *Slots) Take(ctx context.Context, key string) error {
	s.mu.Lock()
	if s.open(key) && len(s.waiting[key]) == 0 {
		s.grant(key)
		s.mu.Unlock()
		return nil
	}
	if len(s.waiting[key]) >= maxQueue {
		s.mu.Unlock()
		return fault.Limited(time.Second, fmt.Sprintf("%d requests of this caller wait for the Tailscale API already", maxQueue))
	}
	mine := make(chan struct{})
	if len(s.waiting[key]) == 0 {
		s.turns = append(s.turns, key)
	}
	s.waiting[key] = append(s.waiting[key], mine)
	s.mu.Unlock()

	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		s.leave(key, mine)
		return fault.Ended(ctx, "waiting for other requests to the Tailscale API; this one was not sent")
	}
}

// open reports whether the caller may have one more; s.mu is held. The program
// itself may have them all.
func (s *Slots) open(key string) bool {
	return s.used < s.size && (key == "" || s.of[key] < s.most)
}

// grant counts a slot; s.mu is held.
func (s *Slots) grant(key string) {
	s.used++
	s.of[key]++
}

// Give returns a slot and hands on what is free.
func (s *Slots) Give(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	if s.of[key]--; s.of[key] == 0 {
		delete(s.of, key)
	}
	s.deal()
}

// deal hands free slots to those whose turn it is; s.mu is held.
func (s *Slots) deal() {
	for {
		i := slices.IndexFunc(s.turns, s.open)
		if i < 0 {
			return
		}
		key := s.turns[i]
		s.turns = slices.Delete(s.turns, i, i+1)
		queue := s.waiting[key]
		s.grant(key)
		close(queue[0])
		if queue = queue[1:]; len(queue) > 0 {
			s.waiting[key] = queue
			s.turns = append(s.turns, key) // at the end: the others come first
		} else {
			delete(s.waiting, key)
		}
	}
}

// leave takes one out of the queue, or gives back what it was handed meanwhile.
func (s *Slots) leave(key string, mine chan struct{}) {
	s.mu.Lock()
	i := slices.Index(s.waiting[key], (chan<- struct{})(mine))
	if i < 0 {
		s.mu.Unlock()
		s.Give(key)
		return
	}
	defer s.mu.Unlock()
	if s.waiting[key] = slices.Delete(s.waiting[key], i, i+1); len(s.waiting[key]) == 0 {
		delete(s.waiting, key)
		s.turns = slices.DeleteFunc(s.turns, func(k string) bool { return k == key })
	}
}

// Count returns how many slots are used and how many requests wait for one.
func (s *Slots) Count() (used, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, queue := range s.waiting {
		waiting += len(queue)
	}
	return s.used, waiting
}
