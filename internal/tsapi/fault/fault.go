// SPDX-License-Identifier: MIT

// Package fault says what went wrong with a request to the Tailscale API: one kind of
// error, with a fixed code, a message and a next step.
//
// Each way to fail has its own function: an answer that refuses ([Refused]), no answer
// ([Connection]), a part of one ([Reading]), the end of the caller's time ([Ended]), a
// request that was not sent to spare the API ([Limited]). They know nothing of
// operations; who sent the request adds what it was. Whatever the API or the network
// said passes package redact before it is in a message.
//
// It imports packages failure and redact, and tsapi/credential for the words of a
// credential's kind; it has no state.
package fault

import (
	"errors"
	"time"

	"tailscale-mcp/internal/failure"
)

// Error is every error that calls of the Tailscale API return. Message and Next are
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

	// Transient is set when an identical read may well succeed.
	Transient bool
	// Cause is what errors.Is finds: contexts and sentinels, nothing that could hold a
	// secret.
	Cause error
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
func (e *Error) Unwrap() error { return e.Cause }

// As makes errors.As find what a caller is told.
func (e *Error) As(target any) bool {
	told, ok := target.(**failure.Error)
	if ok {
		*told = &failure.Error{Code: e.Code, Message: e.Message, Next: e.Next, Status: e.Status, Cause: e}
	}
	return ok
}

// Of returns the *Error in err's chain. Whatever has none is a defect of
// ours, reported without its text, which nobody has checked for secrets.
func Of(op string, err error) *Error {
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
