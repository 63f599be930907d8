// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// TestStopAnswersWhoIsLetIn: a client that is connected when the daemon is told to
// stop, and has not sent its request yet, is answered. With a socket from systemd a
// restart is then unnoticed.
func TestStopAnswersWhoIsLetIn(t *testing.T) {
	_, server, _, _ := newTailnet(t, testbed.Options{})
	d := startDaemon(t, server, setup{})
	d.told.mustSay(t, "listening on")
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", d.port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Whoever comes after it is served: so it is let in.
	d.mustBecome(t, http.StatusOK, "up")
	d.terminate(t)
	d.told.mustSay(t, "stopping")
	const aWhile = 100 * time.Millisecond // for a daemon that would stop without it; nothing but time shows that
	select {
	case <-d.ended:
		t.Fatal("the daemon has ended with a client let in")
	case <-time.After(aWhile):
	}
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("the client that was let in: got %v, want an answer", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || !res.Close {
		t.Errorf("the client that was let in: got %s, to be closed: %v; want 200, to be closed", res.Status, res.Close)
	}
	if code := d.end(t); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
}
