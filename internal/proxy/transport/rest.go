// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"errors"
	"io"
	"sync"
)

// body is that of a response.
type body = io.ReadCloser

// maxEarly is how many messages are kept for a relay that has not yet asked for them.
const maxEarly = 64

// rest is what a server sends on its stream besides answers: as a stream of events of its
// own, one message at a time, so that it is known when the reader has passed it on.
type rest struct {
	limit int // of what is kept, in bytes

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced at each change
	kept      [][]byte      // events to be read
	size      int           // of kept, in bytes
	listening bool          // there is a reader
	idle      bool          // it has passed on what it read
	gone      bool          // there was one, and there will be none
	err       error         // nothing more comes
}

// event is msg as an event without a name.
func event(msg []byte) []byte {
	out := make([]byte, 0, len("data: ")+len(msg)+2)
	out = append(out, "data: "...)
	out = append(out, msg...)
	return append(out, "\n\n"...)
}

// change tells all who wait. The caller holds mu.
func (r *rest) change() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// until waits until ok, which it calls with mu held. It reports false when ctx ended
// first.
func (r *rest) until(ctx context.Context, ok func() bool) bool {
	for {
		r.mu.Lock()
		yes, changed := ok(), r.changed
		r.mu.Unlock()
		if yes {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// put adds msg, once the message before it was read. Before there is a reader a few are
// kept. It reports false when ctx ended first.
func (r *rest) put(ctx context.Context, msg []byte) bool {
	return r.until(ctx, func() bool {
		switch {
		case r.gone:
			return true
		case r.listening && len(r.kept) > 0:
			return false
		case !r.listening && (len(r.kept) >= maxEarly || r.size+len(msg) > r.limit):
			return true // nobody may ever ask for it
		}
		r.kept = append(r.kept, event(msg))
		r.size += len(r.kept[len(r.kept)-1])
		r.change()
		return true
	})
}

// settled waits until all that was put is passed on, if there is anybody to do that. It
// reports false when ctx ended first.
func (r *rest) settled(ctx context.Context) bool {
	return r.until(ctx, func() bool { return !r.listening || r.idle && len(r.kept) == 0 })
}

// listen enters a reader. It reports false when there is or was one.
func (r *rest) listen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listening || r.gone {
		return false
	}
	r.listening = true
	r.change()
	return true
}

// end says that nothing more comes, because of err.
func (r *rest) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	r.change()
}

// listener is the reader of a rest, the body of a response.
type listener struct {
	ctx     context.Context
	rest    *rest
	reading []byte // what is left of an event
}

// Read implements [io.Reader]. Whoever calls it has passed on what it read before.
func (l *listener) Read(p []byte) (int, error) {
	if len(l.reading) == 0 {
		if err := l.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.reading)
	l.reading = l.reading[n:]
	return n, nil
}

// next waits for an event.
func (l *listener) next() error {
	r := l.rest
	var err error
	if !r.until(l.ctx, func() bool {
		switch {
		case len(r.kept) > 0:
			l.reading, r.kept[0] = r.kept[0], nil
			r.kept = r.kept[1:]
			r.size, r.idle = r.size-len(l.reading), false
			r.change()
			return true
		case r.err != nil:
			err = r.err
			return true
		}
		if !r.idle {
			r.idle = true
			r.change()
		}
		return false
	}) {
		return l.ctx.Err()
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Close implements [io.Closer].
func (l *listener) Close() error {
	r := l.rest
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listening, r.gone, r.kept, r.size = false, true, nil, 0
	r.change()
	return nil
}
