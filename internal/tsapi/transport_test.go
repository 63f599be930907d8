// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi/credential"
)

// clientOf returns a client for a server that is no fake API.
func clientOf(t *testing.T, server *httptest.Server, o Options) *API {
	t.Helper()
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	o.BaseURL, o.Credential, o.RetryBudget = base, credential.Credential{APIKey: "tskey-api-x"}, -1
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// TestCompressedAnswers: the limit is for what comes out of the compression, and
// a compressed answer that was cut is noticed.
func TestCompressedAnswers(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, `{"x":"`+strings.Repeat("a", 2<<20)+`"}`); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		body  []byte
		limit int64
		want  failure.Code
	}{
		{"within the limit", packed.Bytes(), 0, ""},
		{"over the limit", packed.Bytes(), 1 << 17, failure.ResultTooLarge},
		{"cut", packed.Bytes()[:packed.Len()-20], 0, failure.UpstreamMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := clientOf(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Encoding", "gzip")
				_, _ = w.Write(test.body)
			})), Options{MaxResponse: test.limit})
			if _, err := a.Settings(t.Context()); failure.CodeOf(err) != test.want {
				t.Errorf("got %v, want code %q", err, test.want)
			}
		})
	}
}

func TestUntrustedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it remarks on the refused handshake
	server.StartTLS()
	a := clientOf(t, server, Options{})
	_, err := a.Settings(t.Context())
	e := wantError(t, err, failure.UpstreamUnavailable)
	if !strings.Contains(e.Message, "certificate cannot be trusted") {
		t.Errorf("got %v", e)
	}
}

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
			e := connectionError(context.Background(), "asking", test.err)
			if e.Code != test.code || !strings.Contains(e.Message, test.message) || e.transient != test.transient || e.Next == "" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
