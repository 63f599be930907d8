// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"io"
	"strconv"
	"sync"
	"time"
)

// Event is one event of a text/event-stream.
type Event struct {
	Name string // "" is "message"
	Data []byte // in memory of its own, with room for one more byte
}

// EventReader reads a text/event-stream as the HTML standard says
// (html.spec.whatwg.org, "Interpreting an event stream"): lines end with LF,
// CR or CRLF, and an event that the stream's end cuts off is dropped.
type EventReader struct {
	r          io.Reader
	buf        []byte
	start, end int
	skipLF     bool // the last line ended with CR: an LF now belongs to it
	begun      bool

	data   chunks
	lines  int // data lines of the event being read
	name   string
	id     string        // the last id in the stream, the event being read included
	LastID string        // the last id of a whole event, from which the stream can be resumed
	Retry  time.Duration // the pause before resuming that the server asks for; 0 if it asks for none
}

// eventBuffer is the number of bytes read at once. A line other than data has to fit
// into it; a longer one is passed over.
const eventBuffer = 32 << 10

var eventBuffers = sync.Pool{New: func() any { b := make([]byte, eventBuffer); return &b }}

// NewEventReader returns a reader of r, with events of at most limit bytes of data.
func NewEventReader(r io.Reader, limit int) *EventReader {
	return &EventReader{r: r, buf: *eventBuffers.Get().(*[]byte), data: chunks{limit: limit}}
}

// Close ends the use of the reader, whose buffer goes to the next one.
func (s *EventReader) Close() {
	buf := s.buf
	s.buf = nil
	eventBuffers.Put(&buf)
}

// Next returns the next event that has data. Its error is io.EOF at the end of the
// stream, ErrTooLarge for an event over the limit, or the error of the stream. After
// an error the stream cannot be read further.
func (s *EventReader) Next() (Event, error) {
	for {
		dispatch, err := s.readLine()
		if err != nil {
			return Event{}, err
		}
		if !dispatch {
			continue
		}
		name, lines := s.name, s.lines
		s.name, s.lines, s.LastID = "", 0, s.id
		if data := s.data.take(); lines > 0 && len(data) > 0 {
			return Event{Name: name, Data: data}, nil
		}
	}
}

// readLine reads one line and applies it to the event. It reports true for the empty
// line, which ends an event.
func (s *EventReader) readLine() (dispatch bool, err error) {
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

// dataLine adds the rest of a data line to the event; it need not fit the buffer.
func (s *EventReader) dataLine() error {
	if s.lines++; s.lines > 1 && !s.data.add([]byte{'\n'}) {
		return ErrTooLarge
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
			return ErrTooLarge
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

// shortLine returns the next line without its end; nothing for a line that does not
// fit the buffer.
func (s *EventReader) shortLine() ([]byte, error) {
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

// apply applies a line other than data to the event. A line that begins with a colon
// is a comment.
func (s *EventReader) apply(l []byte) error {
	name, value, _ := bytes.Cut(l, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "data": // a line without a colon: empty data
		if s.lines++; s.lines > 1 && !s.data.add([]byte{'\n'}) {
			return ErrTooLarge
		}
	case "event":
		s.name = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			s.id = string(value)
		}
	case "retry":
		if ms, err := strconv.ParseUint(string(value), 10, 31); err == nil {
			s.Retry = time.Duration(ms) * time.Millisecond
		}
	}
	return nil
}

// terminator steps over the line end at offset i of the buffered bytes.
func (s *EventReader) terminator(i int) {
	s.skipLF = s.buf[s.start+i] == '\r'
	s.start += i + 1
}

// fill reads once, behind the buffered bytes.
func (s *EventReader) fill() error {
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

// lineEnd is the index of the first CR or LF in b, or -1.
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
