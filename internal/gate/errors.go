// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/visible"
)

// Error is what a caller is told.
type Error = failure.Error

// Question is what the person is asked before a change.
type Question = failure.Question

// unrecorded reports a change that was not made, since nobody could have found it
// in the audit.
func unrecorded(err error) *Error {
	return &Error{
		Code:    failure.AuditFailed,
		Message: "nothing was changed, because the audit record could not be written",
		Next:    nextAuditFailed(err),
	}
}

// nextAuditFailed is what to do about a record that could not be written. What is
// the matter with the disk is in the log, for who has it.
func nextAuditFailed(err error) string {
	var file *audit.FileError
	if errors.As(err, &file) {
		return "an administrator of this host looks at " + file.Path + " (is the disk full, or not writable?) and runs: tailscale-mcp doctor"
	}
	return "an administrator of this host checks its journal: journalctl -u tailscale-mcp"
}

// Unknown reports a name that is that of no tool, resource or prompt here.
func Unknown(kind, name string) *Error {
	return &Error{
		Code:    failure.UnknownName,
		Message: "this host offers no " + kind + " " + quote(name),
		Next:    "list the " + kind + "s, or call whoami to see what you may use",
	}
}

// notOffered reports a tool that this version has and that is not offered, by this host or
// to a client that asks for less.
func notOffered(w Withheld) *Error {
	var what, next []string
	for _, why := range w.Why {
		what, next = append(what, why.What), append(next, why.Next)
	}
	who := "this host does not offer the tool " + w.Tool.Name
	if w.asked {
		who = "the tool " + w.Tool.Name + " is left out"
	}
	return &Error{
		Code:    failure.NotOffered,
		Message: who + ", because " + strings.Join(what, ", and "),
		Next:    strings.Join(next, "; "),
	}
}

// onlyReads refuses a change that is granted, because of what is wrong with this host.
func onlyReads(why string) *Error {
	return &Error{
		Code:    failure.ReadsOnly,
		Message: "nothing was changed, because " + why,
		Next:    "read meanwhile, and try again later; an administrator of this host sees what keeps tailscaled from its control server with: tailscale status",
	}
}

// explain turns any error of a tool's code into what the caller is told. An
// error without a code of its own is a defect of ours: the caller learns the
// request ID, the log has the rest.
func explain(err error, requestID string, changes bool) *Error {
	told := shown(translate(err, requestID, changes))
	if told.Next == "" {
		told.Next = "correct what the message names, or call whoami to see what you may use"
	}
	return told
}

// shown is a copy in which nothing is hidden: the texts of others are in errors and
// questions too. It has no cause, which is nothing to tell.
func shown(e *Error) *Error {
	told := *e
	told.Cause = nil
	told.Message, told.Next = visible.Text(e.Message), visible.Text(e.Next)
	if e.Ask != nil {
		ask := *e.Ask
		ask.Text = visible.Text(ask.Text)
		told.Ask = &ask
	}
	return &told
}

const (
	nextCancelled = "call again if the answer is still wanted"
	nextUncertain = "read the current state before trying again"
	uncertain     = "; whether the change was made is not known"
)

func translate(err error, requestID string, changes bool) *Error {
	var coded *Error
	switch {
	case errors.As(err, &coded):
		return coded
	case errors.Is(err, context.DeadlineExceeded):
		e := &Error{Code: failure.Timeout, Message: "the call did not end within its time", Next: "try again, or ask for less at once"}
		if changes {
			e.Message += uncertain
			e.Next = nextUncertain
		}
		return e
	case errors.Is(err, context.Canceled):
		e := &Error{Code: failure.Cancelled, Message: "the call was cancelled before it ended", Next: nextCancelled}
		if changes {
			e.Message += uncertain
			e.Next = nextUncertain
		}
		return e
	}
	e := &Error{
		Code:    failure.Internal,
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
		Code:    failure.ResultTooLarge,
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

// quote makes a client's text safe and short enough for a message.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.QuoteToASCII(s)
}
