// SPDX-License-Identifier: MIT

// Package limit holds what all callers of the Tailscale API share, so that nobody uses it
// up: the quota of the credential ([Hold]), the requests of each caller per minute
// ([Quotas]), the requests under way at once ([Slots]) and the bytes of their answers
// ([Budget]).
//
// A caller is a key here and nothing else; the empty key is the program itself. What is
// refused is an error of package fault that says when to come again. It imports that
// package and failure, keeps its state in memory, and sends nothing.
package limit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"tailscale-mcp/internal/tsapi/fault"
)

const (
	// smallAnswer is what every request under way may read without asking.
	smallAnswer = 2 << 20
	// largeAnswers bounds what all of them read beyond that, together.
	largeAnswers = 32 << 20
	// MaxAnswer is the most that one answer may have, in bytes.
	MaxAnswer = smallAnswer + largeAnswers
)

// Budget bounds the bytes of the answers under way, after decompression: without
// it, eight slots times the longest answer would be the memory of the program.
//
// An answer is read up to smallAnswer at once. One that turns out to be longer then
// reserves all that it may still become, and waits for it: were it to take more bit
// by bit, several half-read answers could wait for each other for ever. What was
// reserved is given back when the answer has been decoded.
type Budget struct {
	large *semaphore.Weighted
	bytes atomic.Int64 // that are held now
}

// NewBudget returns a budget of which nothing is taken.
func NewBudget() *Budget { return &Budget{large: semaphore.NewWeighted(largeAnswers)} }

// Share returns what one answer takes of the budget: nothing yet.
func (b *Budget) Share() *Share { return &Share{budget: b} }

// Bytes returns how many are held now.
func (b *Budget) Bytes() int64 { return b.bytes.Load() }

// Share is what one answer has taken of the budget.
type Share struct {
	budget          *Budget
	bytes, reserved int64
}

// Close gives everything back.
func (s *Share) Close() {
	s.budget.bytes.Add(-s.bytes)
	if s.reserved > 0 {
		s.budget.large.Release(s.reserved)
	}
	s.bytes, s.reserved = 0, 0
}

// Read reads a whole body of at most limit bytes (after decompression, so that a
// small compressed answer cannot grow without bound). Its error is [fault.ErrTooLarge], or the connection's, or
// that of ctx, which may end while it waits for room.
func (s *Share) Read(ctx context.Context, resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, fault.ErrTooLarge
	}
	// The announced length spares copying; it is not believed beyond a bound.
	body := make([]byte, 0, min(max(resp.ContentLength, 0), smallAnswer-512)+512)
	for {
		if len(body) == cap(body) {
			if err := s.reserve(ctx, int64(len(body)), limit); err != nil {
				return nil, err
			}
			// One byte more than the limit shows that it is exceeded.
			body = append(make([]byte, 0, min(2*int64(cap(body)), limit+1)), body...)
		}
		n, err := resp.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		s.bytes += int64(n)
		s.budget.bytes.Add(int64(n))
		switch {
		case int64(len(body)) > limit:
			return nil, fault.ErrTooLarge
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		}
	}
}

// reserve makes sure that an answer of so many bytes may grow to twice its size.
func (s *Share) reserve(ctx context.Context, size, limit int64) error {
	if 2*size <= smallAnswer || s.reserved > 0 || limit <= smallAnswer {
		return nil
	}
	rest := min(limit-smallAnswer, largeAnswers)
	if err := s.budget.large.Acquire(ctx, rest); err != nil {
		return err
	}
	s.reserved = rest
	return nil
}
