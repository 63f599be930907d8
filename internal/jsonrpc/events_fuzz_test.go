// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// FuzzEvents holds the reader against a plain reading of the standard, however
// the stream is cut into pieces, and whatever the sizes of its buffer and of the
// largest event.
func FuzzEvents(f *testing.F) {
	for _, s := range []string{
		"id: 1\nevent: message\ndata: {}\n\nretry: 5\ndata: a\rdata:b\r\n\r\n",
		": x\n\ndata\n\ndata: \n\ndata:  y\n\nid\n\n",
		"\xef\xbb\xbfdata: a\n\ndata: cut",
		"id: 1\ndata: a\n\nid: 2\ndata: cut off\n",
		"id:\x00\nretry: 00000000000007\nretry: 2147483648\nretry: +1\n\n",
		"id: an id that is longer than a small buffer\ndata: data that is longer than a small buffer\n\n",
		"data\ndata\ndata:x\n\ndatum: no\ndatabase\n\n",
	} {
		f.Add([]byte(s), uint8(3), uint8(0), uint16(1000))
		f.Add([]byte(s), uint8(200), uint8(40), uint16(5))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece, buffer uint8, limit uint16) {
		if len(in) > 4<<10 { // the plain reading is slow
			t.Skip()
		}
		s := NewEventReader(&pieces{b: in, n: int(piece) + 1}, int(limit))
		s.buf = make([]byte, int(buffer)+len("data:")+1) // the least that tells the field
		want := plainEvents(string(in), int(limit), len(s.buf))
		var got []Event
		for i, w := range want.events {
			ev, err := s.Next()
			if err != nil || ev.Name != w.Name || string(ev.Data) != string(w.Data) {
				t.Fatalf("event %d: got %q %q, %v, want %q %q", i, ev.Name, ev.Data, err, w.Name, w.Data)
			}
			got = append(got, ev)
		}
		if ev, err := s.Next(); !errors.Is(err, want.end) {
			t.Fatalf("after the last event: got %q %q, %v, want %v", ev.Name, ev.Data, err, want.end)
		}
		if s.LastID != want.lastID || s.Retry != want.retry {
			t.Fatalf("got id %q and retry %v, want %q and %v", s.LastID, s.Retry, want.lastID, want.retry)
		}
		// Each is in memory of its own, and so is what is added to it.
		for i := range got {
			got[i].Data = append(got[i].Data, '\n')
		}
		for i, w := range want.events {
			if string(got[i].Data) != string(w.Data)+"\n" {
				t.Fatalf("event %d: later it is %q, want %q", i, got[i].Data, w.Data)
			}
		}
	})
}

// plainStream is what a whole stream means.
type plainStream struct {
	events []Event
	end    error
	lastID string
	retry  time.Duration
}

// plainEvents reads a stream as the HTML standard says ("Parsing an event
// stream", "Interpreting an event stream"), one character at a time. Apart from
// the standard, events without data are left out, as are fields that no buffer
// holds and times above 24 days; an event above the limit ends all.
func plainEvents(in string, limit, buffer int) (p plainStream) {
	in = strings.TrimPrefix(in, "\xef\xbb\xbf")
	var line, data, name, lastID string
	for i := 0; i < len(in); i++ {
		if in[i] != '\r' && in[i] != '\n' {
			line += in[i : i+1]
			// What is too large is refused before its line ends.
			if strings.HasPrefix(line, "data:") && len(line) > len("data:") && len(data)+len(strings.TrimPrefix(line[len("data:"):], " ")) > limit {
				p.end = ErrTooLarge
				return p
			}
			continue
		}
		if in[i] == '\r' && i+1 < len(in) && in[i+1] == '\n' {
			i++
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		fits := len(line) < buffer
		switch {
		case line == "":
			p.lastID = lastID
			if data != "" && data != "\n" {
				p.events = append(p.events, Event{Name: name, Data: []byte(strings.TrimSuffix(data, "\n"))})
			}
			data, name = "", ""
		case field == "data":
			if len(data)+len(value) > limit {
				p.end = ErrTooLarge
				return p
			}
			data += value + "\n"
		case !fits:
		case field == "event":
			name = value
		case field == "id" && !strings.Contains(value, "\x00"):
			lastID = value
		case field == "retry" && value != "" && strings.Trim(value, "0123456789") == "":
			ms := 0
			for _, digit := range value {
				ms = min(10*ms+int(digit-'0'), 1<<31)
			}
			if ms < 1<<31 {
				p.retry = time.Duration(ms) * time.Millisecond
			}
		}
		line = ""
	}
	p.end = io.EOF
	return p
}
