// SPDX-License-Identifier: MIT

package frame

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line of a server that is passed on, in bytes without its end.
const MaxLine = 16 << 20

// ErrLong is what reading a line ends with that is longer than the limit. What follows
// of it is dropped.
var ErrLong = fmt.Errorf("the server wrote a line of more than %d MiB", MaxLine>>20)

// Lines takes a stream apart into lines without holding one: each is read while the
// server still writes it.
type Lines struct {
	r     *bufio.Reader
	limit int
	now   *Line
}

// NewLines returns the lines of r with at most limit bytes each.
func NewLines(r io.Reader, limit int) *Lines {
	return &Lines{r: bufio.NewReaderSize(r, 32<<10), limit: limit}
}

// Next returns the next line, which is good until Next is called again; what of the one
// before was not read is dropped. After the last line it returns the error that the
// stream ended with: io.EOF as a rule.
func (l *Lines) Next() (*Line, error) {
	if l.now != nil {
		if err := l.now.drop(); err != nil {
			return nil, err
		}
	}
	if _, err := l.r.Peek(1); err != nil {
		return nil, err
	}
	l.now = &Line{from: l.r, left: l.limit}
	return l.now, nil
}

// Line is one line without its end.
type Line struct {
	from *bufio.Reader
	left int   // what may still come
	err  error // that reading has ended with; io.EOF at the end of the line
}

// Read reads the line. It returns io.EOF at its end, [ErrLong] past the limit, and
// io.ErrUnexpectedEOF when the stream ends first: half a message is none.
func (l *Line) Read(p []byte) (int, error) {
	if l.err != nil || len(p) == 0 {
		return 0, l.err
	}
	have, err := l.peek()
	if err != nil {
		l.err = err
		return 0, l.err
	}
	line, _, ended := bytes.Cut(have, []byte{'\n'})
	if len(line) > l.left {
		l.err = ErrLong
		return 0, l.err
	}
	n := copy(p, line)
	l.left -= n
	passed := n
	if ended && n == len(line) {
		passed++
		l.err = io.EOF
	}
	if _, err := l.from.Discard(passed); err != nil {
		l.err = err // of what is buffered: cannot be
	}
	if n == 0 {
		return 0, l.err
	}
	return n, nil
}

// peek waits for something and returns all that is buffered.
func (l *Line) peek() ([]byte, error) {
	if _, err := l.from.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return l.from.Peek(l.from.Buffered())
}

// drop passes over what was not read.
func (l *Line) drop() error {
	if errors.Is(l.err, io.EOF) {
		return nil
	}
	for {
		have, err := l.peek()
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = io.EOF
			}
			return err
		}
		if i := bytes.IndexByte(have, '\n'); i >= 0 {
			_, err := l.from.Discard(i + 1)
			return err
		}
		if _, err := l.from.Discard(len(have)); err != nil {
			return err
		}
	}
}
