// SPDX-License-Identifier: MIT

package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Reader reads the records of a [File], also while it is written: those of all
// series, the oldest first.
type Reader struct {
	rows [seriesCount]*row
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
		r.rows[k] = &row{path: p}
	}
	return r
}

// Next returns the next record, and io.EOF when there is none yet.
func (r *Reader) Next() (Line, error) {
	var first *row
	for _, w := range r.rows {
		if w.ahead == nil {
			if err := r.advance(w); err != nil {
				return Line{}, err
			}
		}
		if w.ahead != nil && (first == nil || w.ahead.Record.Time.Before(first.ahead.Record.Time)) {
			first = w
		}
	}
	if first == nil {
		return Line{}, io.EOF
	}
	line := *first.ahead
	first.ahead = nil
	return line, nil
}

// advance reads ahead in one series.
func (r *Reader) advance(w *row) error {
	for {
		text, err := w.line()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errNoRecord) {
			r.bad(fmt.Errorf("%s: %w", w.file.Name(), err))
			continue
		}
		if err != nil {
			return err
		}
		line := &Line{Text: text}
		if err := json.Unmarshal(text, &line.Record); err != nil || line.Record.Event == "" {
			r.bad(fmt.Errorf("%s: %w: %.40q", w.file.Name(), errNoRecord, text))
			continue
		}
		w.ahead = line
		return nil
	}
}

// Close closes the files.
func (r *Reader) Close() {
	for _, w := range r.rows {
		w.close()
	}
}

var errNoRecord = errors.New("a line that is no record was left out")

// row reads the files of one series as one.
type row struct {
	path   string
	file   *os.File
	info   fs.FileInfo
	buffer *bufio.Reader
	part   []byte // of a line whose end has not been read
	long   bool   // the line is longer than any record
	passed bool   // there is a newer file: what this one has now is all
	ahead  *Line
}

// line returns the next whole line.
func (w *row) line() ([]byte, error) {
	if w.file == nil {
		if err := w.open(); err != nil {
			return nil, err
		}
	}
	for {
		piece, err := w.buffer.ReadSlice('\n')
		if len(w.part)+len(piece) > maxLine {
			w.long, w.part = true, nil
		}
		if !w.long {
			w.part = append(w.part, piece...)
		}
		switch {
		case err == nil:
			text, long := w.part, w.long
			w.part, w.long = nil, false
			if long {
				return nil, errNoRecord
			}
			return text[:len(text)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case !errors.Is(err, io.EOF):
			return nil, err
		case !w.passed:
			next, err := w.successor()
			if err != nil {
				return nil, err
			}
			if next == "" {
				return nil, io.EOF
			}
			w.passed = true // read what came before the other was begun
		default:
			if len(w.part) > 0 || w.long {
				w.part, w.long = nil, false
				return nil, errNoRecord
			}
			if err := w.open(); err != nil {
				return nil, err
			}
		}
	}
}

// open opens the successor of the file that is open, or the oldest.
func (w *row) open() error {
	for {
		next, err := w.successor()
		if err != nil {
			return err
		}
		if next == "" {
			return io.EOF
		}
		// Whoever writes there must not have a reader wait, or read something else.
		file, err := os.OpenFile(next, os.O_RDONLY|noFollow|noWait, 0)
		if errors.Is(err, fs.ErrNotExist) { // it has been numbered, or was the oldest
			continue
		}
		if err != nil {
			return err
		}
		info, err := file.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is no regular file", next)
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
		w.close()
		w.file, w.info, w.passed, w.buffer = file, info, false, bufio.NewReaderSize(file, maxLine)
		return nil
	}
}

// successor is the name of the file after the one that is open, or of the oldest;
// empty if there is none.
func (w *row) successor() (string, error) {
	full, _, err := numbered(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	all := append(full, w.path)
	for i := len(all) - 1; i >= 0; i-- {
		info, err := os.Lstat(all[i])
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				all = append(all[:i:i], all[i+1:]...)
				continue
			}
			return "", err
		}
		if w.file != nil && os.SameFile(info, w.info) {
			all = all[i+1:]
			break
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0], nil
}

func (w *row) close() {
	if w.file != nil {
		_ = w.file.Close()
		w.file = nil
	}
}

// Used returns how many bytes the files at path take. It is an error that says so
// when there are none.
func Used(path string) (bytes int64, err error) {
	found := false
	for _, p := range paths(path) {
		full, _, err := numbered(p)
		if err != nil {
			return 0, err
		}
		for _, name := range append(full, p) {
			info, err := os.Lstat(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return 0, err
			}
			found = true
			bytes += info.Size()
		}
	}
	if !found {
		return 0, &fs.PathError{Op: "find", Path: filepath.Clean(path), Err: fs.ErrNotExist}
	}
	return bytes, nil
}
