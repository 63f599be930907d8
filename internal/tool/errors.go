// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/tailnet"
)

// Codes of errors that this package makes itself. Those of the Tailscale API
// are in package tailnet. They are fixed: clients and people search for them.
const (
	CodeAccessDenied    = "access_denied"
	CodeInvalidArgument = "invalid_argument"
	CodeUnknown         = "unknown_name"
	CodeResultTooLarge  = "result_too_large"
	CodeTimeout         = "timeout"
	CodeCancelled       = "cancelled"
	CodeAuditFailed     = "audit_failed"
	CodeInternal        = "internal_error"
)

// Error is what a caller is told: what was refused or went wrong, and what to
// do next. It never holds a secret or the inside of the program.
type Error struct {
	Code    string
	Message string
	// Next is the next step, without a period at its end. Every error that a
	// caller is told has one.
	Next string
	// Ask is set when the call goes on once the person has answered.
	Ask *Question

	// private is set when the message repeats what no record may hold.
	private bool
}

// Error implements error, in the form that the model and the person read.
func (e *Error) Error() string {
	text := e.Code + ": " + e.Message
	if e.Next != "" {
		text += ". Next step: " + e.Next
	}
	return text
}

// Invalidf reports an argument that the tool cannot take.
func Invalidf(next, format string, args ...any) *Error {
	return &Error{Code: CodeInvalidArgument, Message: fmt.Sprintf(format, args...), Next: next}
}

// Clip is the beginning of a text that may be too long for a sentence.
func Clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Unknown reports a name that is that of no tool, resource or prompt here.
func Unknown(kind, name string) *Error {
	return &Error{
		Code:    CodeUnknown,
		Message: "this host offers no " + kind + " " + quote(name),
		Next:    "list the " + kind + "s, or call whoami to see what you may use",
	}
}

// explain turns any error of a tool's code into what the caller is told. An
// error without a code of its own is a defect of ours: the caller learns the
// request ID, the log has the rest.
func explain(err error, requestID string, changes bool) *Error {
	e := translate(err, requestID, changes)
	if e.Next != "" {
		return e
	}
	told := *e
	told.Next = "correct what the message names, or call whoami to see what you may use"
	return &told
}

const (
	nextCancelled = "call again if the answer is still wanted"
	nextUncertain = "read the current state before trying again"
	uncertain     = "; whether the change was made is not known"
)

func translate(err error, requestID string, changes bool) *Error {
	var own *Error
	var upstream *tailnet.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &upstream):
		return &Error{Code: string(upstream.Code), Message: upstream.Message, Next: upstream.Next}
	case errors.Is(err, context.DeadlineExceeded):
		e := &Error{Code: CodeTimeout, Message: "the call did not end within its time", Next: "try again, or ask for less at once"}
		if changes {
			e.Message += uncertain
			e.Next = nextUncertain
		}
		return e
	case errors.Is(err, context.Canceled):
		e := &Error{Code: CodeCancelled, Message: "the call was cancelled before it ended", Next: nextCancelled}
		if changes {
			e.Message += uncertain
			e.Next = nextUncertain
		}
		return e
	}
	e := &Error{
		Code:    CodeInternal,
		Message: "the server failed while answering (request " + requestID + ")",
		Next:    "an administrator of this host finds the cause with: journalctl -u tailscale-mcp",
	}
	if changes {
		e.Message += uncertain
		e.Next = nextUncertain + "; " + e.Next
	}
	return e
}

// tooLarge refuses an answer of size bytes. A change has been made by then, and
// that has to be said, or it would be made again.
func tooLarge(size, limit int, narrow string, changes bool) *Error {
	e := &Error{
		Code:    CodeResultTooLarge,
		Message: fmt.Sprintf("the answer has %d bytes, more than the limit of %d; nothing of it is shown, because half an answer misleads", size, limit),
		Next:    narrow,
	}
	switch {
	case changes:
		e.Message = "the change was made, but " + e.Message
		e.Next = "do not repeat the call; read the new state"
	case narrow == "":
		e.Next = "ask for less at once"
	}
	return e
}
