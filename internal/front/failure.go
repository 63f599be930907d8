// SPDX-License-Identifier: MIT

package front

import (
	"encoding/json"
	"net/http"
	"time"
)

// Failure is a JSON-RPC 2.0 error with the HTTP status it goes out with.
type Failure struct {
	Status  int    `json:"-"`
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
	// RetryAfter is the header of that name, in seconds (RFC 9110, 10.2.3); empty
	// means none.
	RetryAfter string `json:"-"`
}

// Refuse answers a request whose message was not read. The protocol has no
// codes for that: the status itself is used, which is outside the ranges that
// JSON-RPC 2.0 and MCP reserve.
func Refuse(w http.ResponseWriter, status int, message string) {
	Reject(w, nil, &Failure{Status: status, Code: status, Message: message})
}

// Reject answers the request id with a failure; nil stands for an id that was not
// read. HTTP status and JSON-RPC error say the same, since some clients show one and
// some the other. The refusal leaves a record, see Options.Refused.
func Reject(w http.ResponseWriter, id json.RawMessage, f *Failure) {
	because(w, f.Message)
	text, err := json.Marshal(ErrorResponse(id, f))
	if err != nil {
		http.Error(w, http.StatusText(f.Status), f.Status)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(WriteTimeout))
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_, _ = w.Write(text)
}

// ErrorResponse is the JSON-RPC error response with the id as it was written.
func ErrorResponse(id json.RawMessage, f *Failure) any {
	if id == nil {
		id = json.RawMessage("null")
	}
	return struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *Failure        `json:"error"`
	}{"2.0", id, f}
}
