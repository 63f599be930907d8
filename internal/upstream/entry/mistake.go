// SPDX-License-Identifier: MIT

package entry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong with a file.
type Mistake struct {
	File string `json:"file"`
	// Line and Column, in characters, count from 1; both are 0 where the file as a
	// whole is meant.
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	What   string `json:"what"`   // what is wrong
	Remedy string `json:"remedy"` // what to do about it
}

// Error is the mistake on one line, as compilers write theirs.
func (m Mistake) Error() string {
	at := m.File
	if m.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", m.File, m.Line, m.Column)
	}
	return at + ": " + m.What + ": " + m.Remedy
}

// Mistakes are all that is wrong with one file, in the order of the file.
type Mistakes []Mistake

// Error has a line for each mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, one := range m {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted puts mistakes in the order of the file.
func (m Mistakes) sorted() Mistakes {
	slices.SortStableFunc(m, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return m
}
