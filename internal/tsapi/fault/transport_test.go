// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
)

func TestConnectionErrors(t *testing.T) {
	tests := []struct {
		name      string
		err       error
		code      failure.Code
		message   string
		transient bool
	}{
		{"name", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "api.example.com", IsNotFound: true}}, failure.UpstreamUnavailable, "the name api.example.com cannot be resolved", true},
		{"certificate", &tls.CertificateVerificationError{Err: errors.New("expired")}, failure.UpstreamUnavailable, "the certificate cannot be trusted: expired", false},
		{"dial", &net.OpError{Op: "dial", Err: timeoutError{}}, failure.UpstreamTimeout, "no connection in time", true},
		{"end", fmt.Errorf("x: %w", io.EOF), failure.UpstreamUnavailable, "the connection ended without an answer", true},
		{"other", errors.New("odd\x1b[31m Bearer abcdefghijklm"), failure.UpstreamUnavailable, "no connection while asking: odd[31m [redacted]", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := Connection(context.Background(), "asking", test.err)
			if e.Code != test.code || !strings.Contains(e.Message, test.message) || e.Transient != test.transient || e.Next == "" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
