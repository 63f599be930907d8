// SPDX-License-Identifier: MIT

package cli

import (
	"errors"
	"fmt"
	"io"
)

// The exit codes.
const (
	Done   = 0 // it is done
	Failed = 1 // it could not be done
	Usage  = 2 // the command line is wrong, or the configuration that a command reads
)

// Hinted is an error with a next step for a person.
type Hinted struct {
	error
	Hint string
}

func (h *Hinted) Unwrap() error { return h.error }

// Hint returns err with a next step.
func Hint(err error, hint string) error { return &Hinted{err, hint} }

// errUsage is in the error of a wrong command line.
var errUsage = errors.New("usage")

type usageError struct{ error }

func (usageError) Is(target error) bool { return target == errUsage }
func (u usageError) Unwrap() error      { return u.error }

// AsUsage returns err as a wrong command line or environment, which ends with
// [Usage].
func AsUsage(err error) error { return usageError{err} }

// Misused is a wrong command line or environment: what is wrong with it and what
// to write.
func Misused(hint, format string, args ...any) error {
	return AsUsage(Hint(fmt.Errorf(format, args...), hint))
}

// Code is the end, with that exit code, of a command that has said all there is
// to say.
type Code int

func (c Code) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// Report says on w what is wrong and what to do about it, and returns the exit
// code that belongs to it. A reader of the output who has gone has enough: that is
// no error.
func Report(w io.Writer, err error) int {
	var code Code
	var h *Hinted
	switch {
	case err == nil, errors.Is(err, errReaderGone):
		return Done
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintf(w, "error: %v\n", err)
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", h.Hint)
	}
	if errors.Is(err, errUsage) {
		return Usage
	}
	return Failed
}
