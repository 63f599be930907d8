// SPDX-License-Identifier: MIT

package tsapi

import (
	"errors"
	"time"

	"tailscale-mcp/internal/failure"
)

// Error is every error that calls of this package return. Message and Next are
// for people and models: bounded, printable, without secrets and without pages
// of HTML.
type Error struct {
	Code failure.Code
	// Status is the HTTP status of the last answer; 0 when there was none.
	Status int
	// Op is the operation, by its operationId in the API document.
	Op string
	// Message says what was refused or failed, and why.
	Message string
	// Next is what the person who must act does next; no period at its end.
	Next string
	// RetryAfter is how long the API wants to be left alone, or this program to wait
	// before it sends the like again; 0 when nothing is known.
	RetryAfter time.Duration
	// OutcomeUnknown is set on an error of a change that may nevertheless have
	// been made. Message says so too.
	OutcomeUnknown bool

	transient bool  // an identical read may well succeed
	cause     error // what errors.Is finds: contexts and sentinels, nothing that could hold a secret
}

// Error returns the operation, the message and the next step.
func (e *Error) Error() string {
	text := e.Message
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Next != "" {
		text += "; next step: " + e.Next
	}
	return text
}

// Unwrap makes errors.Is(err, context.Canceled) and the like work.
func (e *Error) Unwrap() error { return e.cause }

// As makes errors.As find what a caller is told.
func (e *Error) As(target any) bool {
	told, ok := target.(**failure.Error)
	if ok {
		*told = &failure.Error{Code: e.Code, Message: e.Message, Next: e.Next, Status: e.Status, Cause: e}
	}
	return ok
}

// asError returns the *Error in err's chain. Whatever has none is a defect of
// ours, reported without its text, which nobody has checked for secrets.
func asError(op string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{
		Code:    failure.Internal,
		Op:      op,
		Message: "the server failed while calling the Tailscale API",
		Next:    "report this with the server's log",
	}
}
