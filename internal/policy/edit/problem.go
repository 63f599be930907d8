// SPDX-License-Identifier: MIT

package edit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Error says why operations were not applied.
type Error struct {
	// Operation is the number of the operation that failed, from 1, and Op what it was
	// to do; 0 when it is none's.
	Operation int
	Op        string
	// Message says what was refused, and why.
	Message string
	// Line and Column, from 1 and in bytes, are where that was found in the text as the
	// operations before left it; 0 when it is nowhere.
	Line, Column int
	// Next is the next step.
	Next string
}

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Operation > 0 {
		fmt.Fprintf(&b, "operation %d (%s): ", e.Operation, e.Op)
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	b.WriteString(e.Message)
	return b.String()
}

// at says of an error which operation it is of.
func at(number int, op string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Message: err.Error(), Next: "read the file with get_policy and give the operation anew"}
	}
	e.Operation, e.Op = number, clip(op)
	return e
}

// problem is an error at a place of the text.
func (d *document) problem(offset int, next, format string, args ...any) error {
	line, column := d.place(offset)
	return &Error{Message: fmt.Sprintf(format, args...), Line: line, Column: column, Next: next}
}

// place is the line and the column of an offset, from 1 and in bytes.
func (d *document) place(offset int) (line, column int) {
	before := d.text[:offset]
	return 1 + strings.Count(before, "\n"), offset - strings.LastIndexByte(before, '\n')
}

// where is a place in words.
func (d *document) where(offset int) string {
	line, column := d.place(offset)
	return fmt.Sprintf("line %d, column %d", line, column)
}

// clip is the beginning of a text that may be too long for a sentence.
func clip(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func quote(s string) string { return strconv.QuoteToGraphic(clip(s)) }

// several lists the first few of many names.
func several(names []string) string {
	const most = 8
	shown := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, quote(name))
	}
	list := strings.Join(shown, ", ")
	if rest := len(names) - most; rest > 0 {
		list += fmt.Sprintf(" and %d more", rest)
	}
	return list
}
