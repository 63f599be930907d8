// SPDX-License-Identifier: MIT

// Package failure says what a caller is told when something was refused or went
// wrong: a code, a message and the next step. It is a leaf: the gate, the tools and
// what they ask share it, so that none has to know the others' errors.
package failure

import (
	"errors"
	"fmt"
)

// Error is what a caller is told. It never holds a secret or the inside of the
// program.
type Error struct {
	Code Code
	// Message says what was refused or failed, and why.
	Message string
	// Next is the next step, without a period at its end. Every error that a caller
	// is told has one.
	Next string
	// Status is the HTTP status of the answer that the error comes from; 0 when there
	// was none.
	Status int
	// Ask is set when the call goes on once the person has answered.
	Ask *Question
	// Answer is the error with which a server behind the gate has answered; nil for all
	// other errors.
	Answer *Answer
	// Private is set when the message repeats what no record may hold.
	Private bool
	// Cause is what errors.Is finds; nothing of it is told to anybody.
	Cause error
}

// Answer is an error of a server behind the gate, as it wrote it.
type Answer struct {
	Code int
	Data []byte // JSON; nil for none
}

// Question is what the person is asked before a change.
type Question struct {
	// Key is what the answer is found by. It belongs to this caller, tool,
	// arguments and question, and is good for one answer.
	Key  string
	Text string
}

// Error implements error, in the form that the model and the person read.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Message
	if e.Next != "" {
		text += ". Next step: " + e.Next
	}
	return text
}

// Unwrap makes errors.Is(err, context.Canceled) and the like work.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of the [*Error] in err's chain, or the empty string.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Invalidf reports an argument that cannot be taken.
func Invalidf(next, format string, args ...any) *Error {
	return &Error{Code: InvalidArgument, Message: fmt.Sprintf(format, args...), Next: next}
}
