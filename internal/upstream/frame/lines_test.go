// SPDX-License-Identifier: MIT

package frame

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // lines, those that fail with their error
	}{
		{"none", "", nil},
		{"two", "a\nbc\n", []string{"a", "bc"}},
		{"blank", "\n\na\r\n", []string{"", "", "a\r"}},
		{"at the limit", "12345678\n1\n", []string{"12345678", "1"}},
		{"over it, then another", "1234567890\nab\n", []string{"long", "ab"}},
		{"over it and no end", "1234567890", []string{"long"}},
		{"no end", "a\nb", []string{"a", "b half"}},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			t.Run(c.name+", "+how, func(t *testing.T) {
				l := NewLines(reader(strings.NewReader(c.text)), 8)
				var got []string
				for {
					line, err := l.Next()
					if err != nil {
						if !errors.Is(err, io.EOF) {
							t.Errorf("ended with %v", err)
						}
						break
					}
					text, err := io.ReadAll(line)
					switch {
					case errors.Is(err, ErrLong):
						text = []byte("long") // what came before depends on how it came
					case errors.Is(err, io.ErrUnexpectedEOF):
						text = append(text, " half"...)
					case err != nil:
						t.Errorf("%q: %v", text, err)
					}
					got = append(got, string(text))
				}
				if d := cmp.Diff(c.want, got); d != "" {
					t.Error(d)
				}
			})
		}
	}
}

// TestLinesUnread: a line that nobody reads, or not to its end, holds up nothing.
func TestLinesUnread(t *testing.T) {
	l := NewLines(strings.NewReader(strings.Repeat("x", 100<<10)+"\n"+"second\nthird\n"), 8)
	for range 2 {
		if _, err := l.Next(); err != nil {
			t.Fatal(err)
		}
	}
	line, err := l.Next()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(line); string(text) != "third" || err != nil {
		t.Errorf("%q: %v", text, err)
	}
	if _, err := l.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
}

// TestLinesStream: a line is read before it has come to its end, and in little memory.
func TestLinesStream(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	go func() { _, _ = w.Write([]byte("begun")) }()
	line, err := NewLines(r, MaxLine).Next()
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	if _, err := io.ReadFull(line, p); err != nil || string(p) != "begun" {
		t.Errorf("%q: %v", p, err)
	}
}
