// SPDX-License-Identifier: MIT

package listen

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ProbeAddr is the remote address of the connections that Probe makes. It is not
// an ip:port, so it cannot be looked up and can never be taken for a caller.
const ProbeAddr = "watchdog-probe"

// Probe proves that requests are being served: it sends a connection through the
// queue that all accepted connections pass, asks GET /healthz over it as any
// client would, and reads the answer, whatever it says. It also checks that the
// goroutine that follows tailscaled turns over. It reports nothing about
// tailscaled itself: no restart of this service would mend that.
func (l *Listener) Probe(ctx context.Context) error {
	if idle := time.Since(l.opened) - time.Duration(l.turned.Load()); idle > l.timing.stall {
		return fmt.Errorf("%w: its last turn was %s ago", errStalled, idle.Round(time.Second))
	}
	client, server := net.Pipe()
	defer client.Close()
	select {
	case l.queue <- probeConn{server}:
	case <-l.ctx.Done():
		_ = server.Close()
		return net.ErrClosed
	case <-ctx.Done():
		_ = server.Close()
		return fmt.Errorf("waiting for a connection to be accepted: %w", ctx.Err())
	}
	// A pipe end that is closed unblocks the other operations on it.
	defer context.AfterFunc(ctx, func() { _ = client.Close() })()
	if err := askHealth(client); err != nil {
		return fmt.Errorf("asking /healthz: %w", cmp.Or(ctx.Err(), err))
	}
	return nil
}

func askHealth(conn net.Conn) error {
	const request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + ProbeAddr + "\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// probeConn is the server's end of the probe's pipe.
type probeConn struct{ net.Conn }

func (probeConn) RemoteAddr() net.Addr { return address(ProbeAddr) }
func (probeConn) LocalAddr() net.Addr  { return address(ProbeAddr) }
