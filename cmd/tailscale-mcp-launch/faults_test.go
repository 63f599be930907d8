// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"tailscale-mcp/internal/upstream/frame"
)

// TestEnds: how a server ends is said, with the last of its stderr.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name, entry, out, end, stderr string
		status                        int
	}{
		{"after one line", shell(`read x; echo "got $x"; echo no more >&2; exit 7`), "got hello\n", "the server exited with status 7", "no more\n", 7},
		{"by a signal", shell(`kill -9 $$`), "", "the server was ended by signal 9", "", 137},
		{"by itself, at once", command("true"), "", "the server exited with status 0", "", 0},
		{"without a line end", shell(`printf half`), "half", "the server exited with status 0", "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := launch(t, c.entry)
			_, _ = l.conn.Write([]byte("hello\n"))
			out, end, status := l.rest(t)
			if out != c.out || end.String() != c.end || string(end.Stderr) != c.stderr || status != c.status {
				t.Errorf("got %q, %s, %q, %d", out, end, end.Stderr, status)
			}
		})
	}
}

// TestForged: what looks like the launcher's words are the server's.
func TestForged(t *testing.T) {
	t.Parallel()
	const forged = "e\x00\x00\x00\x05x\x00\x00\x00\x00h\x00\x00\x00\x01\x01"
	l := launch(t, shell(`printf '`+octal(forged)+`'; exit 3`))
	if out, end, _ := l.rest(t); out != forged || end.Status != 3 {
		t.Errorf("%q, %s", out, end)
	}
}

// octal is s as printf(1) takes it.
func octal(s string) (format string) {
	for _, b := range []byte(s) {
		format += fmt.Sprintf(`\%03o`, b)
	}
	return format
}

// TestStderrFlood: a server that floods stderr still answers, and the last of it is kept.
func TestStderrFlood(t *testing.T) {
	t.Parallel()
	l := launch(t, shell(`head -c 16777216 /dev/zero | tr '\0' x >&2
head -c 2044 /dev/zero | tr '\0' y >&2
printf last >&2
echo answer
cat >/dev/null`))
	answer := make([]byte, len("answer\n"))
	if _, err := io.ReadFull(l.frames, answer); err != nil || string(answer) != "answer\n" {
		t.Fatalf("%q: %v", answer, err)
	}
	_ = l.conn.CloseWrite()
	_, end, _ := l.rest(t)
	if string(end.Stderr) != strings.Repeat("y", 2044)+"last" {
		t.Errorf("kept: %d bytes, %.40q", len(end.Stderr), end.Stderr)
	}
	if n := len(l.journal(t)); n != 16<<20+2048 {
		t.Errorf("%d bytes are in the journal", n)
	}
}

// TestLongLine: a line of 20 MiB goes through; who reads lines refuses it and goes on.
func TestLongLine(t *testing.T) {
	t.Parallel()
	l := launch(t, shell(`head -c 20971520 /dev/zero | tr '\0' x; printf '\nshort\n'`))
	lines := frame.NewLines(l.frames, frame.MaxLine)
	line, err := lines.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, line); !errors.Is(err, frame.ErrLong) {
		t.Errorf("the long line ended with %v", err)
	}
	if line, err = lines.Next(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(line); string(text) != "short" || err != nil {
		t.Errorf("%q: %v", text, err)
	}
	if _, err := lines.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
}

// TestDeafServers: one that ignores the end of its stdin, or does not read it at all, is
// ended when the connection goes, and its children with it.
func TestDeafServers(t *testing.T) {
	for _, c := range []struct {
		name, script string
		fill         bool
		leave        func(*launched)
	}{
		{"ignores the end", `trap "" TERM HUP INT; echo up; while :; do sleep 1; done`, false, func(l *launched) { l.conn.Close() }},
		{"does not read", `echo up; exec sleep 1000`, true, func(l *launched) { l.conn.Close() }},
		{"is stopped by systemd", `trap "" TERM; echo up; while :; do sleep 1; done`, false, func(l *launched) { _ = l.cmd.Process.Signal(syscall.SIGTERM) }},
		{"writes to nobody", `echo up; yes`, false, func(l *launched) { l.conn.Close() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			alive := fifo(t)
			l := launch(t, shell(`exec 9>`+alive.path+`; sleep 1000 & `+c.script))
			if _, err := io.ReadFull(l.frames, make([]byte, 3)); err != nil {
				t.Fatal(err)
			}
			if c.fill {
				go func() { _, _ = l.conn.Write(make([]byte, 8<<20)) }()
			}
			c.leave(l)
			alive.released(t)
			l.exit()
		})
	}
}

// TestStopped: a server that ends when it is told to has said its last word.
func TestStopped(t *testing.T) {
	t.Parallel()
	l := launch(t, shell(`echo up; cat >/dev/null; echo down; exit 4`))
	if _, err := io.ReadFull(l.frames, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	if out, end, status := l.rest(t); out != "down\n" || end.Status != 4 || status != 4 {
		t.Errorf("%q, %s, %d", out, end, status)
	}
}

// TestGrandchildren: a server that leaves others behind is over when it is over.
func TestGrandchildren(t *testing.T) {
	for name, script := range map[string]string{
		"in its group":            `sleep 1000 & echo left; exit 3`,
		"with its pipes":          `(trap "" HUP TERM; sleep 1000) & echo left; exit 3`,
		"in a session of its own": `setsid sleep 4 & echo left; exit 3`, // systemd's to end; it does not hold up the end
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alive := fifo(t)
			l := launch(t, shell(`exec 9>`+alive.path+`; `+script))
			if out, end, status := l.rest(t); out != "left\n" || end.Status != 3 || status != 3 {
				t.Errorf("%q, %s, %d", out, end, status)
			}
			alive.released(t)
		})
	}
}
