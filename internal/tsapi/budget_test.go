// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/fault"
	"tailscale-mcp/internal/tsapi/object"
)

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
	for _, limit := range []int64{100, smallAnswer - 1, smallAnswer, smallAnswer + 1, defaultMaxResponse, smallAnswer + largeAnswers} {
		b := newBudget()
		taken, body := &share{budget: b}, &endless{text: strings.Repeat("{},", 1<<16)}
		if _, err := taken.read(t.Context(), bodyOf(body), limit); err != fault.ErrTooLarge {
			t.Errorf("%d: got %v, want %v", limit, err, fault.ErrTooLarge)
		}
		if body.read > limit+1024 {
			t.Errorf("%d: got %d bytes read", limit, body.read)
		}
		if held := b.bytes.Load(); held != body.read {
			t.Errorf("%d: got %d bytes held of %d", limit, held, body.read)
		}
		taken.close()
		if held := b.bytes.Load(); held != 0 || !b.large.TryAcquire(largeAnswers) {
			t.Errorf("%d: got %d bytes held afterwards, or room that is missing", limit, held)
		}
		announced := bodyOf(body)
		announced.ContentLength = limit + 1
		before := body.read
		if _, err := taken.read(t.Context(), announced, limit); err != fault.ErrTooLarge || body.read != before {
			t.Errorf("%d: got %v after reading, want the announced length to be believed when it is too much", limit, err)
		}
		for size := limit - 1; size <= limit && limit < defaultMaxResponse; size++ {
			whole := bodyOf(io.NopCloser(io.LimitReader(&endless{text: strings.Repeat("abc", 1000)}, size)))
			got, err := (&share{budget: newBudget()}).read(t.Context(), whole, limit)
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
		b := newBudget()
		var most atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			limit := int64(defaultMaxResponse)
			if i%2 == 1 {
				limit = smallAnswer + largeAnswers
			}
			wg.Go(func() {
				taken := &share{budget: b}
				defer taken.close()
				body := &endless{text: strings.Repeat("x", 64<<10), step: func() {
					most.Store(max(most.Load(), b.bytes.Load()))
				}}
				if _, err := taken.read(t.Context(), bodyOf(body), limit); err != fault.ErrTooLarge {
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
		b := newBudget()
		hold := make(chan struct{})
		long := &endless{text: strings.Repeat("x", 64<<10)}
		long.step = func() {
			if long.read == 4<<20 {
				<-hold
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			taken := &share{budget: b}
			defer taken.close()
			_, _ = taken.read(t.Context(), bodyOf(long), smallAnswer+largeAnswers)
		})
		synctest.Wait()
		short := bodyOf(io.NopCloser(strings.NewReader(strings.Repeat("x", smallAnswer/2))))
		if got, err := (&share{budget: b}).read(t.Context(), short, defaultMaxResponse); err != nil || len(got) != smallAnswer/2 {
			t.Errorf("got %d bytes and %v", len(got), err)
		}
		ctx, leave := context.WithCancel(t.Context())
		wg.Go(func() {
			taken := &share{budget: b}
			defer taken.close()
			if _, err := taken.read(ctx, bodyOf(&endless{text: strings.Repeat("x", 1000)}), defaultMaxResponse); err != context.Canceled {
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

// The review's cases: what is too large, or short and full, costs little.
func TestAnswersThatAreTooMuch(t *testing.T) {
	const mebibyte = 1 << 20
	var a *API
	var most atomic.Int64 // bytes under way
	var text, tail string
	var size int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"logs":[`)
		part := strings.Repeat(text, mebibyte/len(text))
		for range size {
			if _, err := io.WriteString(w, part); err != nil {
				return
			}
			most.Store(max(most.Load(), a.Stats().BytesUnderWay))
		}
		_, _ = io.WriteString(w, tail)
	}))
	a = clientOf(t, server, Options{})
	for _, c := range []struct {
		name, text, tail string
		mebibytes        int
		want             string
	}{
		{"60 MiB", `{"a":"` + strings.Repeat("x", 1000) + `"},`, `{}]}`, 60, "larger than 16777216 bytes"},
		{"30 MiB of {}", `{},`, `{}]}`, 30, "larger than 16777216 bytes"},
		{"2 MiB of {}", `{},`, `{}]}`, 2, "more than 200000 elements"},
		{"1 MiB of 0", `0,`, `0]}`, 1, "more than 200000 elements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, tail, size = c.text, c.tail, c.mebibytes
			most.Store(0)
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					_, err := a.List(t.Context(), Request{Op: "listConfigurationAuditLogs", Query: map[string][]string{"target": {fmt.Sprint(i)}}}, "logs")
					e := wantError(t, err, failure.ResultTooLarge)
					if !strings.Contains(e.Message, c.want) {
						t.Errorf("got %v, want %q", e, c.want)
					}
				})
			}
			wg.Wait()
			if got := most.Load(); got > 8*smallAnswer+largeAnswers {
				t.Errorf("got %d bytes at once", got)
			}
			if s := a.Stats(); s.BytesUnderWay != 0 || s.SlotsInUse != 0 {
				t.Errorf("got %+v afterwards, want nothing under way", s)
			}
		})
	}
}

// A policy file with too much in it is refused before it is parsed.
func TestElementsOfAPolicy(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.Fail("getPolicyFile", fakeapi.Body(200, "application/hujson", "{\"groups\":["+strings.Repeat("{},", object.MaxElements)+"]}"))
	_, err := r.Policy(t.Context())
	wantError(t, err, failure.ResultTooLarge)
}

// What was made of an answer counts for what is kept, not its text alone.
func TestWeight(t *testing.T) {
	if w := weight(make([]Device, 1000), 10_000); w < 400_000 {
		t.Errorf("1,000 devices: got %d bytes", w)
	}
	if w := weight(make([]Object, 1000), 3000); w != 19_000 {
		t.Errorf("1,000 objects: got %d bytes", w)
	}
	if w := weight(Object{}, 10); w != 10 {
		t.Errorf("an object: got %d bytes", w)
	}
}
