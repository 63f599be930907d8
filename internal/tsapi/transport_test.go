// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"log"
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
