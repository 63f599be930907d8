// SPDX-License-Identifier: MIT

package endpoint

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/route"
)

// Failure says why the request req got no response, but the error err of Post or Listen.
func (e *Endpoint) Failure(err error, req *jsonrpc.Envelope) *fault.Error {
	where := e.URL.Scheme + "://" + e.URL.Host + e.URL.Path
	var op *net.OpError
	var dns *net.DNSError
	rt, note := e.Router.Pick(), ""
	if rt.Note != "" {
		note = " (" + rt.Note + ")"
	}
	f := &fault.Error{Code: fault.CodeUnreachable, Data: &fault.Data{Outcome: fault.NotSent}}
	if errors.Is(err, route.ErrRefused) {
		f.Message = fmt.Sprintf("nothing was sent to %s: %v", where, err)
		return f
	}
	switch dial := errors.As(err, &op) && op.Op == "dial"; {
	case dial && errors.As(err, &dns):
		f.Message = fmt.Sprintf("cannot resolve %q: %v", e.URL.Hostname(), dns.Err)
		if note == "" {
			note = "; is that its name?"
		}
	case dial:
		f.Message = e.Router.Unreached(rt, err)
	case plainHTTP(err):
		f.Message = fmt.Sprintf("cannot connect to %s: the server speaks http there; write http://%s%s", where, e.URL.Host, e.URL.Path)
	case handshake(err):
		f.Message = fmt.Sprintf("cannot connect to %s: %v; does the server speak https, with a certificate for this name?", where, err)
	case errors.Is(err, errRedirect):
		return &fault.Error{Code: fault.CodeHTTPStatus, Message: fmt.Sprintf("%s: %v; give --server the final URL", where, err), Data: &fault.Data{Outcome: fault.Refused}}
	default:
		return interrupted(where, err, req)
	}
	f.Message += note
	return f
}

// handshake reports whether err is about TLS, before anything was sent.
func handshake(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &alert) ||
		// net/http has no types for these.
		strings.Contains(err.Error(), "TLS handshake timeout")
}

// plainHTTP reports whether a server that should speak https speaks http.
func plainHTTP(err error) bool {
	var record tls.RecordHeaderError
	return errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/"
}

// interrupted says that the connection ended after req was, or may have been, sent.
func interrupted(where string, err error, req *jsonrpc.Envelope) *fault.Error {
	return &fault.Error{
		Code:    fault.CodeInterrupted,
		Message: fmt.Sprintf("the connection to %s failed before the answer: %v; %s", where, err, fault.Again(req)),
		Data:    &fault.Data{Outcome: fault.Unknown},
	}
}

// StatusFailure says what HTTP status came instead of an answer, with no more
// of the body than a person can use.
func StatusFailure(resp *http.Response, body []byte) *fault.Error {
	f := &fault.Error{
		Code: fault.CodeHTTPStatus,
		Data: &fault.Data{HTTPStatus: resp.StatusCode, RetryAfter: resp.Header.Get("Retry-After"), Outcome: fault.Refused},
	}
	if resp.StatusCode >= 500 {
		f.Data.Outcome = fault.Unknown
	}
	f.Message = fmt.Sprintf("the server answered HTTP %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch MediaType(resp) {
	case "text/plain", TypeJSON, "application/problem+json":
		f.Data.Body = jsonrpc.Excerpt(body)
	}
	switch resp.StatusCode {
	case http.StatusBadRequest:
		if strings.Contains(string(body), "HTTP request to an HTTPS server") { // as net/http says it
			f.Message += "; the server speaks https there: write https:// in --server"
		}
	case http.StatusUnauthorized:
		f.Message += "; it wants to know who asks: send it what proves that with --header-file or --header-env"
	case http.StatusForbidden:
		f.Message += "; it does not let this node or user in: ask its administrator for a grant"
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented: // the last of who knows no POST at all
		f.Message += "; check the path of --server (that of tailscale-mcp is /mcp)"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		f.Message += "; try again later"
	}
	return f
}
