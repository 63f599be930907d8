// SPDX-License-Identifier: MIT

package fault

import (
	"encoding/json"
	"net/http"

	"tailscale-mcp/internal/jsonrpc"
)

// Error is the error object of a JSON-RPC response that a relay makes: what happened,
// and for a person the next step.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    *Data  `json:"data,omitempty"`
}

// Data is what a program may want to know of an Error.
type Data struct {
	HTTPStatus int    `json:"httpStatus,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"` // the header, as sent
	Body       string `json:"body,omitempty"`       // text of the server, shortened
	// Outcome says whether the request may have been carried out.
	Outcome Outcome `json:"outcome,omitempty"`
}

// Outcome is what became of a request at the server.
type Outcome string

// The outcomes of a request that the server has not answered.
const (
	NotSent Outcome = "not sent"
	Refused Outcome = "refused"
	Unknown Outcome = "unknown"
)

// Error returns the message, which is for the client.
func (e *Error) Error() string { return e.Message }

// Answer returns the error response to the request with this id, as it is written in
// the request; nil for a message whose id could not be read.
func (e *Error) Answer(id []byte) []byte {
	if id == nil {
		id = []byte("null")
	}
	body, err := json.Marshal(e)
	if err != nil { // strings and numbers only: cannot be
		body = []byte(`{"code":-31007,"message":"internal error"}`)
	}
	// By hand, because json.Marshal would write the id anew.
	out := make([]byte, 0, len(id)+len(body)+40)
	out = append(out, `{"jsonrpc":"2.0","id":`...)
	out = append(out, id...)
	out = append(out, `,"error":`...)
	out = append(out, body...)
	return append(out, '}')
}

// Passing reports whether the same request may succeed a little later: the server was
// not reached, or is busy or failing for the moment.
func (e *Error) Passing() bool {
	switch e.Code {
	case CodeUnreachable, CodeInterrupted:
		return true
	case CodeHTTPStatus:
		return e.Data != nil && PassingStatus(e.Data.HTTPStatus)
	}
	return false
}

// PassingStatus reports whether the HTTP status of an error may be another one when the
// same request is sent again.
func PassingStatus(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// Again tells a client what it may do with the request e whose outcome is unknown.
func Again(e *jsonrpc.Envelope) string {
	if e.Modern() {
		return "the request may have been carried out; send it again with a new id if that does no harm"
	}
	return "the request may have been carried out"
}
