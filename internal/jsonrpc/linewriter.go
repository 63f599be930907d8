// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"io"
	"sync"
)

// LineWriter writes messages to a stream, one line each. Its methods may be called
// at the same time.
type LineWriter struct {
	mu   sync.Mutex // held while writing, which may block forever
	w    io.Writer
	done chan struct{} // closed when w failed
	err  error         // set before done is closed
}

// NewLineWriter returns a writer to w.
func NewLineWriter(w io.Writer) *LineWriter { return &LineWriter{w: w, done: make(chan struct{})} }

// Write writes msg and a line end. msg must hold no line break and belongs to the
// writer from then on. After the first error of the stream it does nothing.
func (o *LineWriter) Write(msg []byte) {
	msg = append(msg, '\n')
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.Err() != nil {
		return
	}
	if _, err := o.w.Write(msg); err != nil {
		o.err = err
		close(o.done)
	}
}

// Broken is closed once writing has failed.
func (o *LineWriter) Broken() <-chan struct{} { return o.done }

// Err is the error that writing failed with; nil as long as it works.
func (o *LineWriter) Err() error {
	select {
	case <-o.done:
		return o.err
	default:
		return nil
	}
}
