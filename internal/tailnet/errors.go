// SPDX-License-Identifier: MIT

package tailnet

import (
	"errors"
	"time"
)

// Code says what kind of outcome an error is. Codes are fixed: clients branch on
// them and people search for them.
type Code string

// The codes of this package.
const (
	// CodeInvalidArgument: the call was refused here or upstream because of what it names (HTTP 400, 422).
	CodeInvalidArgument Code = "invalid_argument"
	// CodeUnauthenticated: the API credential is refused, expired or unreadable (HTTP 401, or no access token to be had).
	CodeUnauthenticated Code = "unauthenticated"
	// CodePermissionDenied: the credential is good but may not do this (HTTP 403).
	CodePermissionDenied Code = "permission_denied"
	// CodeMissingScope: as before, and the access token is known to lack the operation's scope.
	CodeMissingScope Code = "missing_scope"
	// CodePlanLimit: the tailnet's plan or billing forbids it (HTTP 402).
	CodePlanLimit Code = "plan_limit"
	// CodeNotFound: nothing of that name that the credential may see (HTTP 404).
	CodeNotFound Code = "not_found"
	// CodeConflict: the state is not the one the call assumed (HTTP 409, 412).
	CodeConflict Code = "conflict"
	// CodeRateLimited: too many requests (HTTP 429).
	CodeRateLimited Code = "rate_limited"
	// CodeUnsupported: the API does not do this here, as for a device of another tailnet (HTTP 501).
	CodeUnsupported Code = "unsupported"
	// CodeUpstreamUnavailable: no connection, or the API failed (HTTP 5xx).
	CodeUpstreamUnavailable Code = "upstream_unavailable"
	// CodeUpstreamTimeout: no answer in time (HTTP 504, or our own limit).
	CodeUpstreamTimeout Code = "upstream_timeout"
	// CodeUpstreamMalformed: an answer that is not the API's, is cut short, or cannot be read.
	CodeUpstreamMalformed Code = "upstream_malformed"
	// CodeResultTooLarge: an answer over the size limit; nothing of it is returned.
	CodeResultTooLarge Code = "result_too_large"
	// CodeCancelled: the caller went away first.
	CodeCancelled Code = "cancelled"
	// CodeInternal: a defect of this program.
	CodeInternal Code = "internal_error"
)

// Error is every error that calls of this package return. Message and Next are
// for people and models: bounded, printable, without secrets and without pages
// of HTML.
type Error struct {
	Code Code
	// Status is the HTTP status of the last answer; 0 when there was none.
	Status int
	// Op is the operation, by its operationId in the API document.
	Op string
	// Message says what was refused or failed, and why.
	Message string
	// Next is what the person who must act does next; no period at its end.
	Next string
	// RetryAfter is how long the API wants to be left alone; 0 when it did not say.
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

// CodeOf returns the code of the *Error in err's chain, or the empty string.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// asError returns the *Error in err's chain. Whatever has none is a defect of
// ours, reported without its text, which nobody has checked for secrets.
func asError(op string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{
		Code:    CodeInternal,
		Op:      op,
		Message: "the server failed while calling the Tailscale API",
		Next:    "report this with the server's log",
	}
}
