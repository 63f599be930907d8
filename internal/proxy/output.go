// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"io"
	"sync"
)

// output writes messages to stdout, one line each.
type output struct {
	mu     sync.Mutex // held while writing, which may block for ever
	w      io.Writer
	broken chan struct{} // closed when w failed
	err    error         // set before broken is closed
}

func newOutput(w io.Writer) *output { return &output{w: w, broken: make(chan struct{})} }

// write writes one message, which must hold no line break. It takes msg over.
// After the first error of the stream it does nothing.
func (o *output) write(msg []byte) {
	msg = append(msg, '\n')
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed() != nil {
		return
	}
	if _, err := o.w.Write(msg); err != nil {
		o.err = fmt.Errorf("writing stdout: %w", err)
		close(o.broken)
	}
}

// failed is what writing failed with, nil as long as it did not.
func (o *output) failed() error {
	select {
	case <-o.broken:
		return o.err
	default:
		return nil
	}
}
