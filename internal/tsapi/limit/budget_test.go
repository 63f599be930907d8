// SPDX-License-Identifier: MIT

package limit

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"tailscale-mcp/internal/tsapi/fault"
)

// usual is a limit as most operations have it.
const usual = 16 << 20

// endless is a body without an end. step, if any, goes before each read.
type endless struct {
	text string
	step func()
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.step != nil {
		e.step()
	}
	n := copy(p, e.text)
	e.read += int64(n)
	return n, nil
}
func (e *endless) Close() error { return nil }

func bodyOf(r io.ReadCloser) *http.Response { return &http.Response{Body: r, ContentLength: -1} }

// An answer that is too long is left where that shows, whatever it announces.
func TestReadingEnds(t *testing.T) {
	for _, limit := range []int64{100, smallAnswer - 1, smallAnswer, smallAnswer + 1, usual, MaxAnswer} {
		b := NewBudget()
		taken, body := b.Share(), &endless{text: strings.Repeat("{},", 1<<16)}
		if _, err := taken.Read(t.Context(), bodyOf(body), limit); err != fault.ErrTooLarge {
			t.Errorf("%d: got %v, want %v", limit, err, fault.ErrTooLarge)
		}
		if body.read > limit+1024 {
			t.Errorf("%d: got %d bytes read", limit, body.read)
		}
		if held := b.bytes.Load(); held != body.read {
			t.Errorf("%d: got %d bytes held of %d", limit, held, body.read)
		}
		taken.Close()
		if held := b.bytes.Load(); held != 0 || !b.large.TryAcquire(largeAnswers) {
			t.Errorf("%d: got %d bytes held afterwards, or room that is missing", limit, held)
		}
		announced := bodyOf(body)
		announced.ContentLength = limit + 1
		before := body.read
		if _, err := taken.Read(t.Context(), announced, limit); err != fault.ErrTooLarge || body.read != before {
			t.Errorf("%d: got %v after reading, want the announced length to be believed when it is too much", limit, err)
		}
		for size := limit - 1; size <= limit && limit < usual; size++ {
			whole := bodyOf(io.NopCloser(io.LimitReader(&endless{text: strings.Repeat("abc", 1000)}, size)))
			got, err := NewBudget().Share().Read(t.Context(), whole, limit)
			if err != nil || int64(len(got)) != size {
				t.Errorf("%d: got %d bytes of %d and %v", limit, len(got), size, err)
			}
		}
	}
}

// However many long answers come at once and however they are mixed, all of them
// are read to their end, and never more of them at once than there is room for.
func TestLongAnswersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget()
		var most atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			limit := int64(usual)
			if i%2 == 1 {
				limit = MaxAnswer
			}
			wg.Go(func() {
				taken := b.Share()
				defer taken.Close()
				body := &endless{text: strings.Repeat("x", 64<<10), step: func() {
					most.Store(max(most.Load(), b.bytes.Load()))
				}}
				if _, err := taken.Read(t.Context(), bodyOf(body), limit); err != fault.ErrTooLarge {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if got := most.Load(); got > 8*smallAnswer+largeAnswers {
			t.Errorf("got %d bytes at once, want %d at most", got, 8*smallAnswer+largeAnswers)
		}
		if b.bytes.Load() != 0 {
			t.Errorf("got %d bytes held afterwards", b.bytes.Load())
		}
	})
}

// Short answers do not wait for long ones, and whoever leaves does not wait on.
func TestShortAnswersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget()
		hold := make(chan struct{})
		long := &endless{text: strings.Repeat("x", 64<<10)}
		long.step = func() {
			if long.read == 4<<20 {
				<-hold
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			taken := b.Share()
			defer taken.Close()
			_, _ = taken.Read(t.Context(), bodyOf(long), MaxAnswer)
		})
		synctest.Wait()
		short := bodyOf(io.NopCloser(strings.NewReader(strings.Repeat("x", smallAnswer/2))))
		if got, err := b.Share().Read(t.Context(), short, usual); err != nil || len(got) != smallAnswer/2 {
			t.Errorf("got %d bytes and %v", len(got), err)
		}
		ctx, leave := context.WithCancel(t.Context())
		wg.Go(func() {
			taken := b.Share()
			defer taken.Close()
			if _, err := taken.Read(ctx, bodyOf(&endless{text: strings.Repeat("x", 1000)}), usual); err != context.Canceled {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		close(hold)
		wg.Wait()
	})
}
