// SPDX-License-Identifier: MIT

package frame

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const invocation = "0123456789abcdef0123456789abcdef"

// stream is what a launcher writes.
func stream(t testing.TB, invocation string, e *End, pieces ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, invocation)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		if n, err := w.ReadFrom(strings.NewReader(p)); n != int64(len(p)) || err != nil {
			t.Fatal(n, err)
		}
	}
	if e != nil {
		if err := w.End(*e); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// TestBytes is the form of the frames, byte by byte.
func TestBytes(t *testing.T) {
	got := string(stream(t, "", &End{Killed, 9, []byte("oops")}, "ab", ""))
	want := "h\x00\x00\x00\x01\x01" + "d\x00\x00\x00\x02ab" + "e\x00\x00\x00\x09k\x00\x00\x00\x09oops"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	big := strings.Repeat("0123456789abcde\n", 20<<10/16*64) // 1.25 MiB, more than a frame has
	forged := "e\x00\x00\x00\x05x\x00\x00\x00\x00" + string(stream(t, invocation, &End{Outcome: Exited}))
	for name, c := range map[string]struct {
		invocation string
		pieces     []string
		end        End
	}{
		"nothing":              {"", nil, End{Exited, 0, nil}},
		"with a unit":          {invocation, []string{"a\n", "b"}, End{Exited, 255, []byte("bye\n")}},
		"large":                {invocation, []string{big, "x", big}, End{Killed, 15, []byte("x")}},
		"looks like frames":    {invocation, []string{forged, forged[3:]}, End{Exited, 1, []byte(forged)}},
		"never ran":            {invocation, nil, End{NotStarted, -1, []byte("npx: not found")}},
		"as much as there may": {invocation, nil, End{Exited, 0, bytes.Repeat([]byte("x"), MaxStderr)}},
	} {
		for how, reader := range map[string]func(io.Reader) io.Reader{
			"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "error with data": iotest.DataErrReader,
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				r := NewReader(reader(bytes.NewReader(stream(t, c.invocation, &c.end, c.pieces...))))
				if id, err := r.Invocation(); id != c.invocation || err != nil {
					t.Errorf("invocation %q: %v", id, err)
				}
				if r.End() != nil {
					t.Error("ended before it was read")
				}
				got, err := io.ReadAll(r)
				if err != nil || string(got) != strings.Join(c.pieces, "") {
					t.Errorf("%d bytes: %v", len(got), err)
				}
				if r.End() == nil || cmp.Diff(c.end, *r.End()) != "" {
					t.Errorf("end: %+v", r.End())
				}
			})
		}
	}
}

// TestStderrIsCut: the last of it counts.
func TestStderrIsCut(t *testing.T) {
	r := NewReader(bytes.NewReader(stream(t, "", &End{Exited, 1, []byte("first" + strings.Repeat("x", MaxStderr-4) + "last")})))
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Fatal(err)
	}
	if got := string(r.End().Stderr); got != strings.Repeat("x", MaxStderr-4)+"last" {
		t.Errorf("%d bytes, %.10q", len(got), got)
	}
}

// TestCut: wherever the launcher is cut off, reading says so, gives what came, and there
// is no end.
func TestCut(t *testing.T) {
	whole := stream(t, invocation, &End{Exited, 0, []byte("tail")}, "hello", "world")
	for n := range len(whole) {
		r := NewReader(bytes.NewReader(whole[:n]))
		got, err := io.ReadAll(r)
		want := ErrCut
		if n == 0 {
			want = ErrSilent
		}
		if !errors.Is(err, want) || r.End() != nil || !strings.HasPrefix("helloworld", string(got)) {
			t.Errorf("after %d bytes: %q, %v, %v", n, got, err, r.End())
		}
		if _, again := r.Read(make([]byte, 1)); !errors.Is(again, want) {
			t.Errorf("after %d bytes, again: %v", n, again)
		}
	}
}

func TestBroken(t *testing.T) {
	h := string(stream(t, invocation, nil))
	for name, text := range map[string]string{
		"no hello":         "d\x00\x00\x00\x01a",
		"a server's words": `{"jsonrpc":"2.0"}`,
		"version":          "h\x00\x00\x00\x01\x02",
		"long hello":       "h\xff\xff\xff\xff",
		"invocation":       "h\x00\x00\x00\x21\x01" + strings.Repeat("X", 32),
		"second hello":     h + h,
		"empty data":       h + "d\x00\x00\x00\x00",
		"too much data":    h + "d\x00\x01\x00\x01",
		"kind":             h + "q\x00\x00\x00\x01a",
		"short end":        h + "e\x00\x00\x00\x04xxxx",
		"long end":         h + "e\x00\x00\x08\x06",
		"outcome":          h + "e\x00\x00\x00\x05z\x00\x00\x00\x00",
	} {
		r := NewReader(strings.NewReader(text))
		if _, err := io.ReadAll(r); !errors.Is(err, ErrBroken) || r.End() != nil {
			t.Errorf("%s: %v, %v", name, err, r.End())
		}
	}
	if _, err := NewWriter(io.Discard, "no id"); err == nil {
		t.Error("an invocation id that is none was taken")
	}
}

func TestEndString(t *testing.T) {
	for want, e := range map[string]End{
		"the server exited with status 3":  {Outcome: Exited, Status: 3},
		"the server was ended by signal 9": {Outcome: Killed, Status: 9},
		"the server could not be started":  {Outcome: NotStarted},
	} {
		if got := e.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
