// SPDX-License-Identifier: MIT

package front

import (
	"errors"
	"fmt"
	"sync"
)

const (
	// mostAnswerBytes bounds the large answers that are being sent, of all callers; one
	// caller may have a quarter: one of the largest, and some smaller ones.
	mostAnswerBytes = 96 << 20
	// smallAnswer is the size, in bytes, up to which an answer does not count.
	smallAnswer = 64 << 10
)

// answers is how many bytes of large answers wait for their clients.
type answers struct {
	mu    sync.Mutex
	taken int64
}

var errAnswers = errors.New("too much waits for clients to read it")

func (a *answers) take(s *share, n int64) error {
	bounded := s.most().Calls >= 0
	a.mu.Lock()
	defer a.mu.Unlock()
	if bounded && (s.answers+n > mostAnswerBytes/4 || a.taken+n > mostAnswerBytes) {
		return errAnswers
	}
	a.taken += n
	s.answers += n
	return nil
}

func (a *answers) give(s *share, n int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken -= n
	s.answers -= n
}

// answersFull says that an answer was dropped. Its call has been made.
func (f *Front) answersFull() *Failure {
	f.limited(limitAnswer)
	return rateLimited(limitAnswer, fmt.Sprintf("the answer is there, and was dropped: one caller may have %d MiB of large answers on their way, and all together %d; "+
		"what the call did is done; read those answers first, make such calls one after the other, or ask for less", mostAnswerBytes>>22, mostAnswerBytes>>20), 1)
}
