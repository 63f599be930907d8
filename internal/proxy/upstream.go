// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/proxy/route"
)

// upstream speaks HTTP to the server.
type upstream struct {
	url    *url.URL
	agent  string      // User-Agent
	header http.Header // of the user
	limit  int         // of one message, in bytes
	router *route.Router
}

const (
	maxErrorBody = 1 << 20 // of an HTTP error, read for a JSON-RPC error in it
	maxRedirects = 3
)

// errRedirect is a redirect that is not followed.
var errRedirect = errors.New("redirect to another host refused")

// post sends one message. h holds the headers of its era and session.
func (u *upstream) post(ctx context.Context, h http.Header, msg []byte) (*http.Response, error) {
	h[headerAccept] = []string{typeJSON + ", " + typeEvents}
	h[headerType] = []string{typeJSON}
	return u.do(ctx, http.MethodPost, h, msg)
}

// notify sends what has no answer but its status: a message, or with another
// verb none.
func (u *upstream) notify(ctx context.Context, verb string, h http.Header, msg []byte) (status int, err error) {
	if msg != nil {
		h[headerAccept] = []string{typeJSON + ", " + typeEvents}
		h[headerType] = []string{typeJSON}
	}
	resp, err := u.do(ctx, verb, h, msg)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	discard(resp.Body)
	return resp.StatusCode, nil
}

// listen asks for a stream of events.
func (u *upstream) listen(ctx context.Context, h http.Header) (*http.Response, error) {
	h[headerAccept] = []string{typeEvents}
	return u.do(ctx, http.MethodGet, h, nil)
}

// do sends one request by the route there is now. Where that makes no
// connection and another route has come to be known, it is sent by that one.
func (u *upstream) do(ctx context.Context, verb string, h http.Header, body []byte) (*http.Response, error) {
	rt := u.router.Pick()
	resp, err := u.send(ctx, rt, verb, h, body)
	if !unsent(err) || ctx.Err() != nil {
		return resp, err
	}
	better := u.router.Pick()
	if better.Transport == rt.Transport {
		return nil, err
	}
	for name := range rt.Identity {
		delete(h, name)
	}
	return u.send(ctx, better, verb, h, body)
}

// unsent reports whether err says that no connection was made.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// send sends one request by rt, with the identity that belongs to it.
// Redirects are followed only within the server's own origin, and only those
// that keep method and body.
func (u *upstream) send(ctx context.Context, rt *route.Route, verb string, h http.Header, body []byte) (*http.Response, error) {
	if rt.Refused != nil {
		rt.Doubt() // looked for again by the next request
		return nil, rt.Refused
	}
	h[headerAgent] = []string{u.agent}
	for name, values := range u.header {
		if _, ours := h[name]; !ours || name == headerAgent {
			h[name] = values
		}
	}
	for name, values := range rt.Identity {
		h[name] = values
	}
	to := u.url
	for hop := 0; ; hop++ {
		req := (&http.Request{Method: verb, URL: to, Host: to.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
		if body != nil {
			req.ContentLength = int64(len(body))
			req.Body = io.NopCloser(bytes.NewReader(body))
			// Lets the transport send again what it has not begun to send.
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		}
		resp, err := rt.Transport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode != http.StatusTemporaryRedirect && resp.StatusCode != http.StatusPermanentRedirect {
			return resp, nil
		}
		discard(resp.Body)
		_ = resp.Body.Close()
		next, err := resp.Location()
		switch {
		case err != nil:
			return nil, fmt.Errorf("following a redirect: %w", err)
		case next.Scheme != u.url.Scheme || next.Host != u.url.Host:
			return nil, fmt.Errorf("%w: %s://%s", errRedirect, next.Scheme, next.Host)
		case hop == maxRedirects:
			return nil, fmt.Errorf("following redirects: more than %d", maxRedirects)
		}
		to = next
	}
}

// discard reads what little may be left of a body that is to be closed, so that
// its connection can be used again.
func discard(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, 4<<10) // only for the connection's sake
}

// mediaType is the type of a body without its parameters.
func mediaType(resp *http.Response) string {
	ct := resp.Header.Get(headerType)
	if ct == typeJSON || ct == typeEvents {
		return ct
	}
	t, _, err := mime.ParseMediaType(ct)
	if err != nil {
		return ct
	}
	return t
}

// transportFailure says why there is no response.
func (u *upstream) transportFailure(err error, e *jsonrpc.Envelope) *failure {
	where := u.url.Scheme + "://" + u.url.Host + u.url.Path
	var op *net.OpError
	var dns *net.DNSError
	rt, note := u.router.Pick(), ""
	if rt.Note != "" {
		note = " (" + rt.Note + ")"
	}
	f := &failure{Code: CodeUnreachable, Data: &data{Outcome: notSent}}
	if errors.Is(err, route.ErrRefused) {
		f.Message = fmt.Sprintf("nothing was sent to %s: %v", where, err)
		return f
	}
	switch dial := errors.As(err, &op) && op.Op == "dial"; {
	case dial && errors.As(err, &dns):
		f.Message = fmt.Sprintf("cannot resolve %q: %v", u.url.Hostname(), dns.Err)
		if note == "" {
			note = "; is that its name?"
		}
	case dial:
		f.Message = u.router.Unreached(rt, err)
	case plainHTTP(err):
		f.Message = fmt.Sprintf("cannot connect to %s: the server speaks http there; write http://%s%s", where, u.url.Host, u.url.Path)
	case handshake(err):
		f.Message = fmt.Sprintf("cannot connect to %s: %v; does the server speak https, with a certificate for this name?", where, err)
	case errors.Is(err, errRedirect):
		return &failure{Code: CodeHTTPStatus, Message: fmt.Sprintf("%s: %v; give --server the final URL", where, err), Data: &data{Outcome: refused}}
	default:
		return interrupted(where, err, e)
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

func interrupted(where string, err error, e *jsonrpc.Envelope) *failure {
	return &failure{
		Code:    CodeInterrupted,
		Message: fmt.Sprintf("the connection to %s failed before the answer: %v; %s", where, err, again(e)),
		Data:    &data{Outcome: unknown},
	}
}

// again tells a client what it may do with a request whose outcome is unknown.
func again(e *jsonrpc.Envelope) string {
	if e.Modern() {
		return "the request may have been carried out; send it again with a new id if that does no harm"
	}
	return "the request may have been carried out"
}

// statusFailure says what HTTP status came instead of an answer, with no more
// of the body than a person can use.
func statusFailure(resp *http.Response, body []byte) *failure {
	f := &failure{
		Code: CodeHTTPStatus,
		Data: &data{HTTPStatus: resp.StatusCode, RetryAfter: resp.Header.Get("Retry-After"), Outcome: refused},
	}
	if resp.StatusCode >= 500 {
		f.Data.Outcome = unknown
	}
	f.Message = fmt.Sprintf("the server answered HTTP %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch mediaType(resp) {
	case "text/plain", typeJSON, "application/problem+json":
		f.Data.Body = jsonrpc.Excerpt(body)
	}
	switch resp.StatusCode {
	case http.StatusBadRequest:
		if strings.Contains(string(body), "HTTP request to an HTTPS server") { // as net/http says it
			f.Message += "; the server speaks https there: write https:// in --server"
		}
	case http.StatusForbidden:
		f.Message += "; it does not let this node or user in: ask its administrator for a grant"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		f.Message += "; check the path of --server (that of tailscale-mcp is /mcp)"
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		f.Message += "; try again later"
	}
	return f
}
