// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"log/slog"
	"net"
	"testing"
	"time"
)

// TestQuiesceHandsOver: a connection that was taken is not lost when the daemon
// stops, and one that was not is left to the next process.
func TestQuiesceHandsOver(t *testing.T) {
	ln := inherited(t, "tcp4", "127.0.0.2:0")
	next := inheritedCopy(t, ln) // systemd's own, which the next process gets
	at := ln.Addr().String()
	fake := newTailscaled(t, up("127.0.0.2")).start()
	l, err := open(Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}, Log: slog.New(slog.DiscardHandler), peer: loopbackToo}, busOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := dial(t, at)
	eventually(t, "the connection to be let in", func() bool { return letIn(l.door) == 1 }) // nobody calls Accept yet
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.Quiesce(ctx) // does not wait for longer than it may

	left := dial(t, at)
	quiet := make(chan struct{})
	go func() {
		l.Quiesce(context.Background())
		close(quiet)
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, want := c.RemoteAddr().String(), taken.LocalAddr().String(); got != want {
		t.Errorf("got the connection of %s, want that of %s", got, want)
	}
	<-quiet
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := next.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	c, err = next.AcceptTCP()
	if err != nil {
		t.Fatalf("the next process: %v", err)
	}
	defer c.Close()
	if got, want := c.RemoteAddr().String(), left.LocalAddr().String(); got != want {
		t.Errorf("the next process: got the connection of %s, want that of %s", got, want)
	}
}

func dial(t *testing.T, at string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// inheritedCopy is a second descriptor of the same socket.
func inheritedCopy(t *testing.T, ln net.Listener) *net.TCPListener {
	t.Helper()
	copied, err := net.FileListener(file(t, ln))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { copied.Close() })
	return copied.(*net.TCPListener)
}

func letIn(d *door) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.inside)
}
