// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"
)

// What the system and tailscaled say, as they say it.
const (
	windowsText = "connectex: No connection could be made because the target machine actively refused it."
	relayedText = "unexpected HTTP response: 502 Bad Gateway, dial failure: connect tcp 100.64.0.1:18080: connection was refused\n"
)

// TestPX7Unreached: why there is no connection is said in one line, with the
// server's name once, whatever has said so.
func TestPX7Unreached(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	refused := dial(os.NewSyscallError("connect", syscall.ECONNREFUSED))
	windows := dial(errors.New(windowsText))
	relayed := errors.New(relayedText)
	noRoute := dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH))
	late := &url.Error{Op: "Post", URL: "http://local-tailscaled.sock/localapi/v0/dial", Err: context.DeadlineExceeded}
	gone := &url.Error{Op: "Post", URL: "http://local-tailscaled.sock/localapi/v0/dial", Err: errors.New("EOF")}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"refused", refused, "ts-mcp:18080 refused the connection"},
		{"refused on Windows", windows, "ts-mcp:18080 refused the connection"},
		{"refused through tailscaled", dial(attempts{relayed, relayed}), "ts-mcp:18080 refused the connection"},
		{"refused by one", dial(attempts{noRoute, late, refused}), "ts-mcp:18080 refused the connection"},
		{"late", dial(context.DeadlineExceeded), "ts-mcp does not answer"},
		{"late by the system", dial(os.NewSyscallError("connect", syscall.ETIMEDOUT)), "ts-mcp does not answer"},
		{"late through tailscaled", dial(attempts{late, noRoute}), "ts-mcp does not answer"},
		{"no route", dial(attempts{noRoute, noRoute}), "cannot connect to ts-mcp:18080: connect: no route to host"},
		{"tailscaled ends", dial(attempts{gone, noRoute}), "cannot connect to ts-mcp:18080: EOF, connect: no route to host"},
	}
	for _, tt := range tests {
		if got := whyUnreached("ts-mcp", 18080, tt.err).String(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
