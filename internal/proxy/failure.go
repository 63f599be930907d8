// SPDX-License-Identifier: MIT

package proxy

import "encoding/json"

// Codes of JSON-RPC and MCP.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
	codeHeaderMismatch = -32020 // of MCP since 2026-07-28
)

// Codes of the errors that are the proxy's own. They are outside the range that JSON-RPC reserves
// (-32768 to -32000), where MCP asks for new codes to be.
const (
	// CodeUnreachable: no connection to the server; the request was not sent.
	CodeUnreachable = -31001
	// CodeHTTPStatus: the server answered with an HTTP error without a
	// JSON-RPC error in it.
	CodeHTTPStatus = -31002
	// CodeBadAnswer: the server answered with something that is no answer.
	CodeBadAnswer = -31003
	// CodeInterrupted: the connection ended before the answer.
	CodeInterrupted = -31004
	// CodeStopping: the proxy ended before the answer.
	CodeStopping = -31005
	// CodeTooLarge: a message above the size limit.
	CodeTooLarge = -31006
	// CodeInternal: a defect of the proxy.
	CodeInternal = -31007
	// CodeInput: the server needs something of the client, which it did not
	// give.
	CodeInput = -31008
)

// failure is an error as a client gets it: what happened, and for a person the
// next step.
type failure struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    *data  `json:"data,omitempty"`
}

// data is what a program may want to know of a failure.
type data struct {
	HTTPStatus int    `json:"httpStatus,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"` // the header, as sent
	Body       string `json:"body,omitempty"`       // text of the server, shortened
	// Outcome says whether the request may have been carried out.
	Outcome outcome `json:"outcome,omitempty"`
}

type outcome string

const (
	notSent  outcome = "not sent"
	refused  outcome = "refused"
	unknown  outcome = "unknown"
	answered outcome = "" // the server's answer is there, whatever it is
)

func (f *failure) Error() string { return f.Message }

// answer is the error response for the request with this id, nil for a message
// whose id could not be read.
func (f *failure) answer(id []byte) []byte {
	if id == nil {
		id = []byte("null")
	}
	body, err := json.Marshal(f)
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
