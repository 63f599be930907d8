// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 3*lineBuffer)
	tests := []struct {
		name, in string
		want     []string
	}{
		{"none", "", nil},
		{"one", "a\n", []string{"a"}},
		{"the last without an end", "a\nb", []string{"a", "b"}},
		{"CRLF and white space", "  a \r\n\tb\r\n", []string{"a", "b"}},
		{"blank", "a\n\n \r\nb\n", []string{"a", "", "", "b"}},
		{"byte order mark", "\xef\xbb\xbfa\n\xef\xbb\xbfb\n", []string{"a", "\xef\xbb\xbfb"}},
		{"longer than the buffer", long + "\n" + long + "y", []string{long, long + "y"}},
		{"exactly the buffer", strings.Repeat("z", lineBuffer) + "\nb\n", []string{strings.Repeat("z", lineBuffer), "b"}},
	}
	readers := map[string]func(io.Reader) io.Reader{
		"whole":        func(r io.Reader) io.Reader { return r },
		"byte by byte": iotest.OneByteReader,
		"end with data": func(r io.Reader) io.Reader {
			return iotest.DataErrReader(r)
		},
	}
	for _, tt := range tests {
		for how, wrap := range readers {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				l := NewLineReader(wrap(strings.NewReader(tt.in)), 1<<20)
				var got []string
				for {
					ln, err := l.Next()
					if err != nil {
						if !errors.Is(err, io.EOF) {
							t.Fatalf("got error %v, want EOF", err)
						}
						break
					}
					got = append(got, string(ln.Msg))
				}
				if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
					t.Errorf("got %.300q, want %.300q", got, tt.want)
				}
			})
		}
	}
}

func TestLinesKeepWhatWasReadBeforeAnError(t *testing.T) {
	broken := errors.New("broken")
	l := NewLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), 100)
	for _, want := range []string{"a", "b"} {
		if got, err := l.Next(); err != nil || string(got.Msg) != want {
			t.Fatalf("got %q, %v, want %q", got.Msg, err, want)
		}
	}
	if _, err := l.Next(); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestLinesOverTheLimit(t *testing.T) {
	fat := strings.Repeat("x", 500)
	tests := []struct {
		name, in  string
		id        string
		hasMethod bool
	}{
		{"id first", `{"id":7,"method":"m","params":"` + fat + `"}`, "7", true},
		{"id last", `{"method":"m","params":["` + fat + `",{"id":8}],"jsonrpc":"2.0","id":"a\"b"}`, `"a\"b"`, true},
		{"no id", `{"method":"m","params":{"id":1,"x":"` + fat + `"}}`, "", true},
		{"response", `{"id":1,"result":"` + fat + `"}`, "1", false},
		{"structure in strings", `{"x":"\"}{,:\\","id":3,"y":"` + fat + `","method":"m"}`, "3", true},
		{"useless id", `{"id":{"a":1},"x":"` + fat + `","method":"m"}`, "", true},
		{"huge id", `{"id":"` + fat + `","method":"m"}`, "", true},
		{"not an object", `["id",1,"` + fat + `"]`, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := NewLineReader(iotest.HalfReader(strings.NewReader(tt.in+"\nnext\n")), 200)
			got, err := l.Next()
			if err != nil || got.Over == nil {
				t.Fatalf("got %q, %v, want a line over the limit", got.Msg, err)
			}
			if string(got.Over.ID) != tt.id || got.Over.HasMethod != tt.hasMethod {
				t.Errorf("got id %s, method %v, want %s, %v", got.Over.ID, got.Over.HasMethod, tt.id, tt.hasMethod)
			}
			if got, err := l.Next(); err != nil || string(got.Msg) != "next" {
				t.Errorf("the line after it: got %q, %v, want it whole", got.Msg, err)
			}
		})
	}
}

// FuzzLines holds the reader against strings.Split, whatever the sizes of the
// pieces, of the buffer and of the largest line, and skim against encoding/json.
func FuzzLines(f *testing.F) {
	for _, s := range []string{
		"a\nb\r\n\n {\"id\":1,\"method\":\"x\"}",
		`{"method":"m","params":["` + strings.Repeat("x", 300) + `"],"id":"q"}` + "\nz\n",
		`{"id":"a\"b","params":{"id":1,"method":["\\"]},"result":null}` + "\n{\"method\":2}",
		"\xef\xbb\xbf{}\n\xef\xbb\xbf{}",
		"\xef\xbb\nx",
	} {
		f.Add([]byte(s), uint8(3), uint8(0), uint16(10))
		f.Add([]byte(s), uint8(200), uint8(40), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece, buffer uint8, lim uint16) {
		l := NewLineReader(&pieces{b: in, n: int(piece) + 1}, int(lim))
		l.buf = make([]byte, int(buffer)+len(byteOrderMark))
		want := strings.Split(strings.TrimPrefix(string(in), "\xef\xbb\xbf"), "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		all := make([]Line, len(want))
		for i, w := range want {
			got, err := l.Next()
			if err != nil {
				t.Fatalf("line %d: got %v, want %q", i, err, w)
			}
			if over := len(w) > int(lim); over != (got.Over != nil) {
				t.Fatalf("line %d of %d bytes with limit %d: got over %v", i, len(w), lim, got.Over != nil)
			} else if over {
				checkSkim(t, got.Over, bytes.Trim([]byte(w), Space))
			}
			all[i] = got
		}
		if got, err := l.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the last line: got %q, %v, want EOF", got.Msg, err)
		}
		// Each is in memory of its own, and so is what is added to it.
		for i := range all {
			all[i].Msg = append(all[i].Msg, '\n')
		}
		for i, w := range want {
			if w = strings.Trim(w, Space); all[i].Over != nil {
				w = ""
			}
			if string(all[i].Msg) != w+"\n" {
				t.Fatalf("line %d: got %q, want %q", i, all[i].Msg, w)
			}
		}
	})
}

// checkSkim compares what passing by saw with what encoding/json sees, as far
// as skim promises to see it: no escaped names, and of an id that is repeated
// any.
func checkSkim(t *testing.T, s *Skim, msg []byte) {
	t.Helper()
	if len(msg) == 0 || msg[0] != '{' || !json.Valid(msg) || !utf8.Valid(msg) || bytes.Contains(msg, []byte(`\u`)) {
		return
	}
	m := members(t, msg)
	id := m["id"]
	if !UsableID(id) || len(id) > maxSkimmed {
		id = nil
	}
	if bytes.Count(msg, []byte(`"id"`)) <= 1 && !bytes.Equal(s.ID, id) {
		t.Errorf("id of %q: got %s, want %s", msg, s.ID, id)
	}
	if _, has := m["method"]; has != s.HasMethod {
		t.Errorf("method of %q: got %v, want %v", msg, s.HasMethod, has)
	}
}

// pieces is a reader that gives n bytes at a time.
type pieces struct {
	b []byte
	n int
}

func (p *pieces) Read(to []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(to, p.b[:min(p.n, len(p.b))])
	p.b = p.b[n:]
	return n, nil
}

func TestGather(t *testing.T) {
	var want []byte
	g := chunks{limit: 1 << 20}
	for i := range 2000 {
		p := bytes.Repeat([]byte{byte(i)}, i%500)
		want = append(want, p...)
		if !g.add(p) {
			t.Fatalf("adding %d bytes to %d: refused below the limit", len(p), g.size)
		}
	}
	if g.add(make([]byte, 1<<20)) {
		t.Error("adding beyond the limit: got true, want false")
	}
	got := g.take()
	if !bytes.Equal(got, want) {
		t.Errorf("got %d bytes that differ, want the %d that were added", len(got), len(want))
	}
	if cap(got) == len(got) {
		t.Error("got no room for a line end")
	}
	if len(g.take()) != 0 {
		t.Error("after take: got more, want nothing")
	}
}

func TestReadAll(t *testing.T) {
	text := strings.Repeat("abc", 10000)
	tests := []struct {
		name   string
		r      io.Reader
		expect int64
		limit  int
		want   error
	}{
		{"announced", strings.NewReader(text), int64(len(text)), 1 << 20, nil},
		{"not announced", strings.NewReader(text), -1, 1 << 20, nil},
		{"announced too much", strings.NewReader(text), 1 << 30, 1 << 20, ErrTooLarge},
		{"too much", strings.NewReader(text), -1, 1000, ErrTooLarge},
		{"cut", io.MultiReader(strings.NewReader(text[:5000]), iotest.ErrReader(io.ErrUnexpectedEOF)), int64(len(text)), 1 << 20, io.ErrUnexpectedEOF},
		{"broken", io.MultiReader(strings.NewReader(text), iotest.ErrReader(io.ErrClosedPipe)), -1, 1 << 20, io.ErrClosedPipe},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadAll(iotest.HalfReader(tt.r), tt.expect, tt.limit)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %v", err, tt.want)
			}
			if tt.want == nil && string(got) != text {
				t.Errorf("got %d bytes, want %d", len(got), len(text))
			}
		})
	}
}
