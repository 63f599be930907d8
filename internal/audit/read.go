// SPDX-License-Identifier: MIT

package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"tailscale-mcp/internal/audit/disk"
)

// Reader reads the records of a [File], also while it is written: those of all
// series, the oldest first.
type Reader struct {
	rows [seriesCount]*ahead
	bad  func(error)
}

// Line is a record as it was read.
type Line struct {
	Record Record
	Text   []byte // without the end of the line
}

// NewReader returns a reader of the file at path. bad is told about each line that
// is no record: the half of one that a crash left, or something of another program.
func NewReader(path string, bad func(error)) *Reader {
	r := &Reader{bad: bad}
	for k, p := range paths(path) {
		r.rows[k] = &ahead{Row: disk.NewRow(p, maxLine)}
	}
	return r
}

// Next returns the next record, and io.EOF when there is none yet.
func (r *Reader) Next() (Line, error) {
	var first *ahead
	for _, w := range r.rows {
		if w.next == nil {
			if err := r.advance(w); err != nil {
				return Line{}, err
			}
		}
		if w.next != nil && (first == nil || w.next.Record.Time.Before(first.next.Record.Time)) {
			first = w
		}
	}
	if first == nil {
		return Line{}, io.EOF
	}
	line := *first.next
	first.next = nil
	return line, nil
}

// ahead is one series, read as far as the record that comes next.
type ahead struct {
	*disk.Row
	next *Line // nil: not read yet
}

// advance reads ahead in one series.
func (r *Reader) advance(w *ahead) error {
	for {
		text, err := w.Line()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, disk.ErrNoLine) {
			r.bad(fmt.Errorf("%s: %w", w.Name(), errNoRecord))
			continue
		}
		if err != nil {
			return err
		}
		line := &Line{Text: text}
		if err := json.Unmarshal(text, &line.Record); err != nil || line.Record.Event == "" {
			r.bad(fmt.Errorf("%s: %w: %.40q", w.Name(), errNoRecord, text))
			continue
		}
		w.next = line
		return nil
	}
}

// Close closes the files.
func (r *Reader) Close() {
	for _, w := range r.rows {
		w.Close()
	}
}

var errNoRecord = errors.New("a line that is no record was left out")

// Used returns how many bytes the files at path take. It is an error that says so
// when there are none.
func Used(path string) (bytes int64, err error) {
	found := false
	for _, p := range paths(path) {
		n, some, err := disk.Size(p)
		if err != nil {
			return 0, err
		}
		bytes, found = bytes+n, found || some
	}
	if !found {
		return 0, &fs.PathError{Op: "find", Path: filepath.Clean(path), Err: fs.ErrNotExist}
	}
	return bytes, nil
}
