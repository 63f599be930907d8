// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/endpoint"
)

// response returns an HTTP response that no server sent, with a message as its body.
func response(code int, msg []byte) *http.Response {
	resp := status(code)
	resp.Header[endpoint.HeaderType] = []string{endpoint.TypeJSON}
	resp.Body, resp.ContentLength = &known{bytes.NewReader(msg), msg}, int64(len(msg))
	return resp
}

// known is a body that is here already.
type known struct {
	*bytes.Reader
	msg []byte
}

// Close implements [io.Closer].
func (*known) Close() error { return nil }

// succeeded reports whether resp answers a request with a result.
func succeeded(resp *http.Response) bool {
	b, ok := resp.Body.(*known)
	if !ok {
		return false
	}
	e, err := jsonrpc.Scan(b.msg)
	return err == nil && e.HasResult && !e.HasError
}

// misplaced returns the error of initialize that was refused with resp because there is
// nothing where the server said to post it: it does not know the path that a reverse proxy
// has put before its own. It is nil for any other refusal.
func misplaced(resp *http.Response) error {
	if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
		return nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what there is of it
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if said, err := jsonrpc.Scan(bytes.Trim(body, jsonrpc.Space)); err == nil && said.SaysError() {
		return nil
	}
	f := endpoint.StatusFailure(resp, body)
	f.Message = fmt.Sprintf("the server speaks HTTP+SSE, and answered HTTP %d %s where it says to send messages; does a reverse proxy in front of it change paths?", resp.StatusCode, http.StatusText(resp.StatusCode))
	return f
}

// status is response without a body.
func status(code int) *http.Response {
	return &http.Response{StatusCode: code, Header: make(http.Header, 2), Body: http.NoBody}
}

// refusal returns a response that answers e with an error.
func refusal(e *jsonrpc.Envelope, code int, why string) *http.Response {
	return response(http.StatusBadRequest, (&fault.Error{Code: code, Message: why, Data: &fault.Data{Outcome: fault.NotSent}}).Answer(e.ID))
}
