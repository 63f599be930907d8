// SPDX-License-Identifier: MIT

package endpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"

	"tailscale-mcp/internal/proxy/route"
)

// Endpoint is the URL at which one MCP server takes requests, and how it is reached.
type Endpoint struct {
	URL    *url.URL
	Agent  string      // User-Agent
	Header http.Header // of the user, as Allowed returns them
	Router *route.Router
}

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 3

// errRedirect is in the error of a redirect that is not followed.
var errRedirect = errors.New("redirect to another host refused")

// Post sends one message, to which the body of the response is the answer. h holds the
// headers of its era and session, and gets those of the transport.
func (e *Endpoint) Post(ctx context.Context, h http.Header, msg []byte) (*http.Response, error) {
	h[headerAccept] = []string{TypeJSON + ", " + TypeEvents}
	h[HeaderType] = []string{TypeJSON}
	return e.do(ctx, http.MethodPost, h, msg)
}

// Notify sends what has no answer but its status: a message, or with another
// verb none. It returns the HTTP status, which is 0 with an error.
func (e *Endpoint) Notify(ctx context.Context, verb string, h http.Header, msg []byte) (status int, err error) {
	if msg != nil {
		h[headerAccept] = []string{TypeJSON + ", " + TypeEvents}
		h[HeaderType] = []string{TypeJSON}
	}
	resp, err := e.do(ctx, verb, h, msg)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if MediaType(resp) != TypeEvents { // which some servers keep open
		Discard(resp.Body)
	}
	return resp.StatusCode, nil
}

// Listen asks for a stream of events.
func (e *Endpoint) Listen(ctx context.Context, h http.Header) (*http.Response, error) {
	h[headerAccept] = []string{TypeEvents}
	return e.do(ctx, http.MethodGet, h, nil)
}

// Read asks for a document in JSON, which is no message of the protocol.
func (e *Endpoint) Read(ctx context.Context, h http.Header) (*http.Response, error) {
	h[headerAccept] = []string{TypeJSON}
	return e.do(ctx, http.MethodGet, h, nil)
}

// do sends one request by the route there is now. Where that makes no
// connection and another route has come to be known, it is sent by that one.
func (e *Endpoint) do(ctx context.Context, verb string, h http.Header, body []byte) (*http.Response, error) {
	rt := e.Router.Pick()
	resp, err := e.send(ctx, rt, verb, h, body)
	if !unsent(err) || ctx.Err() != nil {
		return resp, err
	}
	better := e.Router.Pick()
	if better.Transport == rt.Transport {
		return nil, err
	}
	for name := range rt.Identity {
		delete(h, name)
	}
	return e.send(ctx, better, verb, h, body)
}

// unsent reports whether err says that no connection was made.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// send sends one request by rt, with the identity that belongs to it.
// Redirects are followed only within the server's own origin, and only those
// that keep method and body.
func (e *Endpoint) send(ctx context.Context, rt *route.Route, verb string, h http.Header, body []byte) (*http.Response, error) {
	if rt.Refused != nil {
		rt.Doubt() // looked for again by the next request
		return nil, rt.Refused
	}
	h[headerAgent] = []string{e.Agent}
	for name, values := range e.Header {
		if _, ours := h[name]; !ours || name == headerAgent {
			h[name] = values
		}
	}
	for name, values := range rt.Identity {
		h[name] = values
	}
	to := e.URL
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
		if resp.StatusCode == http.StatusSwitchingProtocols {
			// Its body is the connection, which net/http no longer ends with ctx.
			_ = resp.Body.Close()
			resp.Body = http.NoBody
		}
		if resp.StatusCode != http.StatusTemporaryRedirect && resp.StatusCode != http.StatusPermanentRedirect {
			return resp, nil
		}
		Discard(resp.Body)
		_ = resp.Body.Close()
		next, err := resp.Location()
		switch {
		case err != nil:
			return nil, fmt.Errorf("following a redirect: %w", err)
		case next.Scheme != e.URL.Scheme || next.Host != e.URL.Host:
			return nil, fmt.Errorf("%w: %s://%s", errRedirect, next.Scheme, next.Host)
		case hop == maxRedirects:
			return nil, fmt.Errorf("following redirects: more than %d", maxRedirects)
		}
		to = next
	}
}

// Discard reads what little may be left of a body that is to be closed, so that
// its connection can be used again.
func Discard(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, 4<<10) // only for the connection's sake
}

// MediaType returns the media type of the body of resp, without parameters.
func MediaType(resp *http.Response) string {
	ct := resp.Header.Get(HeaderType)
	if ct == TypeJSON || ct == TypeEvents {
		return ct
	}
	t, _, err := mime.ParseMediaType(ct)
	if err != nil {
		return ct
	}
	return t
}
