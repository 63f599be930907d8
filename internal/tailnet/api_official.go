// SPDX-License-Identifier: MIT

package tailnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	tailscale "tailscale.com/client/tailscale/v2"
)

// The official client shapes the requests that it shapes well, mostly changes
// whose answer is empty. Left to itself it would lose the status of an error
// whose body is not JSON, read answers without bound, and join paths with
// cleaning; and its types drop the fields that they do not know. So it gets a
// transport that sends through (*API).run, and only what was announced.

// announced is the call for which the official client is being used.
type announced struct{}

// through makes a change by way of the official client. use makes exactly one
// call of it, with the context it is given, and that call must be c's operation
// with c's parameters.
func (a *API) through(ctx context.Context, c call, use func(context.Context, *tailscale.Client) error) error {
	// Checked before the official client sees them.
	if _, err := a.target(c.op, c.params); err != nil {
		return err
	}
	if err := use(context.WithValue(ctx, announced{}, c), a.official); err != nil {
		return a.explain(c.op, err)
	}
	return nil
}

func (a *API) newOfficial() *tailscale.Client {
	return &tailscale.Client{
		BaseURL:   a.base,
		Tailnet:   a.tailnet,
		UserAgent: a.userAgent,
		HTTP:      &http.Client{Transport: officialTransport{a}},
	}
}

// officialTransport carries the official client's requests.
type officialTransport struct{ api *API }

// RoundTrip implements [http.RoundTripper]. Refusals are returned as *Error, so
// the official client sees successes only.
func (t officialTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	c, ok := req.Context().Value(announced{}).(call)
	if !ok {
		return nil, errors.New("a request of the official client that was not announced")
	}
	target, err := t.api.target(c.op, c.params)
	if err != nil {
		return nil, err
	}
	if req.Method != c.op.method || req.URL.Host != target.Host || req.URL.EscapedPath() != target.EscapedPath() || req.URL.RawQuery != c.query.Encode() {
		return nil, fmt.Errorf("the official client was about to send %s %s instead of %s", req.Method, req.URL.Path, c.op.id)
	}
	if req.Body != nil {
		if c.body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	c.accept, c.contentType = req.Header.Get("Accept"), req.Header.Get("Content-Type")
	if len(c.body) == 0 {
		c.body = nil
	}
	r, err := t.api.run(req.Context(), c)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {r.contentType}}
	if r.etag != "" {
		header.Set("ETag", strings.Trim(r.etag, `"`))
	}
	return &http.Response{
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(r.body)),
		ContentLength: int64(len(r.body)),
		Request:       req,
	}, nil
}
