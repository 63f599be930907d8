// SPDX-License-Identifier: MIT

package front

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// mostAnswerBytes bounds the large answers that are being sent, of all callers; one
	// caller may have a quarter: one of the largest, and some smaller ones.
	mostAnswerBytes = 96 << 20
	// smallAnswer is the size, in bytes, up to which an answer does not count.
	smallAnswer = 64 << 10
	// mostAnswersWaiting bounds those that wait until others are sent, of all callers; one
	// caller may have one. It is waited for answerWait: who reads at all has read by then.
	mostAnswersWaiting = 32 << 20
	answerWait         = 5 * time.Second
)

// answers is how many bytes of large answers wait for their clients.
type answers struct {
	mu      sync.Mutex
	taken   int64
	waiting int64         // of those that have no room yet
	freed   chan struct{} // closed when there is more room; nil while nobody waits for it
}

var errAnswers = errors.New("too much waits for clients to read it")

// take takes room for an answer of n bytes, and waits for it for a while, no longer than ctx.
func (a *answers) take(ctx context.Context, s *share, n int64) error {
	bounded := s.most().Calls >= 0
	a.mu.Lock()
	defer a.mu.Unlock()
	if bounded && !a.fits(s, n) && !a.wait(ctx, s, n) {
		return errAnswers
	}
	a.taken += n
	s.answers += n
	return nil
}

func (a *answers) fits(s *share, n int64) bool {
	return s.answers+n <= mostAnswerBytes/4 && a.taken+n <= mostAnswerBytes
}

// wait waits for room, and reports whether there is. The caller of wait holds mu, which is
// free meanwhile.
func (a *answers) wait(ctx context.Context, s *share, n int64) bool {
	if s.waits || a.waiting+n > mostAnswersWaiting {
		return false
	}
	s.waits = true
	a.waiting += n
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	for ctx.Err() == nil && !a.fits(s, n) {
		if a.freed == nil {
			a.freed = make(chan struct{})
		}
		freed := a.freed
		a.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
		}
		a.mu.Lock()
	}
	a.waiting -= n
	s.waits = false
	return a.fits(s, n)
}

func (a *answers) give(s *share, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken -= n
	s.answers -= n
	if a.freed != nil {
		close(a.freed)
		a.freed = nil
	}
}

// answersFull says that an answer was dropped. Its call has been made.
func (f *Front) answersFull() *Failure {
	f.limited(limitAnswer)
	return rateLimited(limitAnswer, fmt.Sprintf("the answer is there, and was dropped: one caller may have %d MiB of large answers on their way, and all together %d; "+
		"what the call did is done; read those answers first, make such calls one after the other, or ask for less", mostAnswerBytes>>22, mostAnswerBytes>>20), 1)
}
