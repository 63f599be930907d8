// SPDX-License-Identifier: MIT

package audit

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// JSONLines writes one JSON object per line. A line is written with one Write
// call, so a file opened for appending never holds half of two records.
type JSONLines struct {
	mu sync.Mutex
	w  io.Writer
	// torn is set when a Write failed half-way, as on a full disk: the next
	// record must not become the rest of that line.
	torn bool
}

// NewJSONLines returns a Log that writes to w.
func NewJSONLines(w io.Writer) *JSONLines { return &JSONLines{w: w} }

// Write implements [Log].
func (l *JSONLines) Write(_ context.Context, r Record) error {
	line, err := encode(r)
	if err != nil {
		return fmt.Errorf("encoding audit record: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := l.w.Write(line)
	l.torn = err != nil && (n > 0 || l.torn)
	if err != nil {
		return fmt.Errorf("writing audit record: %w", err)
	}
	return nil
}
