// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"
)

// event is one event of a stream.
type event struct {
	name string // "" is "message"
	data []byte // in memory of its own, with room for one more byte
}

// eventReader reads a text/event-stream as the HTML standard says
// (html.spec.whatwg.org, "Interpreting an event stream"): lines end with LF,
// CR or CRLF, and an event that the stream's end cuts off is dropped.
type eventReader struct {
	r          io.Reader
	buf        []byte
	start, end int
	skipLF     bool // the last line ended with CR: an LF now belongs to it
	begun      bool

	data   gather
	lines  int // data lines of the event being read
	name   string
	id     string // of the last event that had one, the event being read included
	lastID string // the same of whole events only: what can be asked to be followed
	retry  time.Duration
}

// eventBuffer is how much of a stream is read at once. A line that is not data
// must fit; a longer one is passed over.
const eventBuffer = 32 << 10

var eventBuffers = sync.Pool{New: func() any { b := make([]byte, eventBuffer); return &b }}

func newEventReader(r io.Reader, limit int) *eventReader {
	return &eventReader{r: r, buf: *eventBuffers.Get().(*[]byte), data: gather{limit: limit}}
}

// close gives the buffer back. The reader cannot be used afterwards.
func (s *eventReader) close() {
	buf := s.buf
	s.buf = nil
	eventBuffers.Put(&buf)
}

// next returns the next event that has data. Its error is io.EOF when the
// stream ended, errTooLarge for an event over the limit (the stream cannot be
// read further), or what reading failed with.
func (s *eventReader) next() (event, error) {
	for {
		dispatch, err := s.line()
		if err != nil {
			return event{}, err
		}
		if !dispatch {
			continue
		}
		name, lines := s.name, s.lines
		s.name, s.lines, s.lastID = "", 0, s.id
		if data := s.data.take(); lines > 0 && len(data) > 0 {
			return event{name: name, data: data}, nil
		}
	}
}

// line reads one line and applies it. It reports true for the empty line that
// ends an event.
func (s *eventReader) line() (dispatch bool, err error) {
	const field = "data:"
	for {
		have := s.buf[s.start:s.end]
		if s.skipLF && len(have) > 0 {
			s.skipLF = false
			if have[0] == '\n' {
				s.start++
				continue
			}
		}
		i := bytes.IndexAny(have[:min(len(have), len(field)+1)], "\r\n")
		switch {
		case i == 0:
			s.terminator(0)
			return true, nil
		case i < 0 && len(have) <= len(field):
			// Too little to tell the field.
			if err := s.fill(); err != nil {
				return false, err
			}
			continue
		case bytes.HasPrefix(have, []byte(field)):
			s.start += len(field)
			return false, s.dataLine()
		}
		whole, err := s.shortLine()
		if err == nil {
			err = s.apply(whole)
		}
		return false, err
	}
}

// dataLine adds the rest of a data line to the event, however long it is.
func (s *eventReader) dataLine() error {
	if s.lines++; s.lines > 1 && !s.data.add([]byte{'\n'}) {
		return errTooLarge
	}
	if s.start == s.end {
		if err := s.fill(); err != nil {
			return err
		}
	}
	if s.buf[s.start] == ' ' {
		s.start++
	}
	for {
		have := s.buf[s.start:s.end]
		i := lineEnd(have)
		if i >= 0 {
			have = have[:i]
		}
		if len(have) > 0 && !s.data.add(have) {
			return errTooLarge
		}
		if i >= 0 {
			s.terminator(i)
			return nil
		}
		s.start = s.end
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// shortLine returns the line that begins the buffer, without its end, or
// nothing of one that does not fit.
func (s *eventReader) shortLine() ([]byte, error) {
	over := false
	for {
		have := s.buf[s.start:s.end]
		if i := lineEnd(have); i >= 0 {
			s.terminator(i)
			if over {
				return nil, nil
			}
			return have[:i], nil
		}
		if len(have) == len(s.buf) {
			over = true
			s.start = s.end
		}
		if err := s.fill(); err != nil {
			return nil, err
		}
	}
}

// apply applies a line whose field is not data. Comments begin with a colon.
func (s *eventReader) apply(l []byte) error {
	name, value, _ := bytes.Cut(l, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "data": // a line without a colon: empty data
		if s.lines++; s.lines > 1 && !s.data.add([]byte{'\n'}) {
			return errTooLarge
		}
	case "event":
		s.name = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			s.id = string(value)
		}
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			s.retry = time.Duration(ms) * time.Millisecond
		}
	}
	return nil
}

// terminator steps over the line end at i of what is buffered.
func (s *eventReader) terminator(i int) {
	s.skipLF = s.buf[s.start+i] == '\r'
	s.start += i + 1
}

// fill reads once, behind what is buffered.
func (s *eventReader) fill() error {
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	for {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if !s.begun && n > 0 {
			if partOfMark(s.buf[:s.end]) && err == nil {
				continue
			}
			s.begun = true
			s.start = markLen(s.buf[:s.end])
		}
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func lineEnd(b []byte) int {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		i = len(b)
	}
	if j := bytes.IndexByte(b[:i], '\r'); j >= 0 {
		return j
	}
	if i == len(b) {
		return -1
	}
	return i
}
