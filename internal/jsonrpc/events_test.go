// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestEventStream(t *testing.T) {
	long := strings.Repeat("x", 3*eventBuffer)
	tests := []struct {
		name, in string
		want     []string // name:data
		lastID   string
		retry    time.Duration
	}{
		{name: "one", in: "data: a\n\n", want: []string{":a"}},
		{name: "named", in: "event: message\ndata: a\n\nevent:e\ndata:b\n\n", want: []string{"message:a", "e:b"}},
		{name: "the name is that of one event", in: "event: e\ndata: a\n\ndata: b\n\n", want: []string{"e:a", ":b"}},
		{name: "several data lines", in: "data: {\ndata:  \"a\":1\ndata\ndata:}\n\n", want: []string{":{\n \"a\":1\n\n}"}},
		{name: "CR and CRLF", in: "data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", want: []string{":a", ":b", ":c"}},
		{name: "comments and unknown fields", in: ": hello\n:\nfoo: bar\ndata: a\n:x\n\n: keep-alive\n\n", want: []string{":a"}},
		{name: "no data", in: "id: 5\ndata:\n\nevent: x\n\n", lastID: "5"},
		{name: "id and retry", in: "id: a b\nretry: 1500\ndata: x\n\nretry: 15s\nid: \x00\n\n", want: []string{":x"}, lastID: "a b", retry: 1500 * time.Millisecond},
		{name: "the id can be emptied", in: "id: 1\n\nid\n\n"},
		{name: "cut off", in: "data: a\n\ndata: b\n", want: []string{":a"}},
		{name: "byte order mark", in: "\xef\xbb\xbfdata: a\n\n", want: []string{":a"}},
		{name: "one space is taken", in: "data:  a\n\ndata:b\n\n", want: []string{": a", ":b"}},
		{name: "longer than the buffer", in: "data: " + long + "\ndata:" + long + "\n\ndata: b\n\n", want: []string{":" + long + "\n" + long, ":b"}},
		{name: "a field longer than the buffer", in: "id: " + long + "\ndata: a\n\n", want: []string{":a"}},
		{name: "a field like data", in: "database: x\ndatum: y\ndata: z\n\n", want: []string{":z"}},
	}
	for _, tt := range tests {
		for _, n := range []int{1, 2, 7, eventBuffer - 1, 1 << 20} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, n), func(t *testing.T) {
				s := NewEventReader(&pieces{b: []byte(tt.in), n: n}, 1<<20)
				defer s.Close()
				var got []string
				for {
					ev, err := s.Next()
					if err != nil {
						if !errors.Is(err, io.EOF) {
							t.Fatalf("got %v, want EOF", err)
						}
						break
					}
					got = append(got, ev.Name+":"+string(ev.Data))
				}
				if len(got) != len(tt.want) || strings.Join(got, "|") != strings.Join(tt.want, "|") {
					t.Errorf("got %.300q, want %.300q", got, tt.want)
				}
				if s.LastID != tt.lastID || s.Retry != tt.retry {
					t.Errorf("got id %q and retry %v, want %q and %v", s.LastID, s.Retry, tt.lastID, tt.retry)
				}
			})
		}
	}
}

func TestEventStreamLimit(t *testing.T) {
	s := NewEventReader(strings.NewReader("data: "+strings.Repeat("x", 101)+"\n\n"), 100)
	defer s.Close()
	if _, err := s.Next(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
}

// A blank line ends an event at once, even when its CR might be followed by a
// LF that is still to come.
func TestEventStreamDoesNotWait(t *testing.T) {
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	s := NewEventReader(r, 100)
	defer s.Close()
	go func() { _, _ = io.WriteString(w, "data: a\r\n\r") }()
	if ev, err := s.Next(); err != nil || string(ev.Data) != "a" {
		t.Errorf("got %q, %v, want a", ev.Data, err)
	}
}

// TestPX11CutEvent: the id of an event that the stream's end cuts off is not
// taken, since whoever resumes after it would never see that event.
func TestPX11CutEvent(t *testing.T) {
	for _, cut := range []string{"", "\n", "\ndata: {}", "\ndata: {}\n", "\r\ndata"} {
		s := NewEventReader(strings.NewReader("id: 1\ndata: a\n\nid: 2"+cut), 100)
		if ev, err := s.Next(); err != nil || string(ev.Data) != "a" {
			t.Fatalf("%q: got %q, %v, want a", cut, ev.Data, err)
		}
		if ev, err := s.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%q: got %q, %v, want EOF", cut, ev.Data, err)
		}
		if s.LastID != "1" {
			t.Errorf("%q: got id %q, want that of the last whole event, 1", cut, s.LastID)
		}
		s.Close()
	}
}
