// SPDX-License-Identifier: MIT

package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNoLine is what [Row.Line] returns in place of something that is no line.
var ErrNoLine = errors.New("a line without an end, or longer than any")

// Row reads the files of one series as one, the oldest first.
type Row struct {
	path    string
	longest int // bytes of a line with its end
	file    *os.File
	info    fs.FileInfo
	buffer  *bufio.Reader
	part    []byte // of a line whose end has not been read
	long    bool   // the line is longer than any may be
	passed  bool   // there is a newer file: what this one has now is all
}

// NewRow returns a reader of the series at path, whose lines have at most longest
// bytes, with their end.
func NewRow(path string, longest int) *Row { return &Row{path: path, longest: longest} }

// Name is that of the file that the last line was in.
func (r *Row) Name() string { return r.file.Name() }

// Line returns the next whole line, without its end, and [io.EOF] when there is none
// yet. In place of one that is longer than any may be, or that has no end though the
// next file was begun, it returns [ErrNoLine]; then it may be called again.
func (r *Row) Line() ([]byte, error) {
	if r.file == nil {
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	for {
		piece, err := r.buffer.ReadSlice('\n')
		if len(r.part)+len(piece) > r.longest {
			r.long, r.part = true, nil
		}
		if !r.long {
			r.part = append(r.part, piece...)
		}
		switch {
		case err == nil:
			text, long := r.part, r.long
			r.part, r.long = nil, false
			if long {
				return nil, ErrNoLine
			}
			return text[:len(text)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case !errors.Is(err, io.EOF):
			return nil, err
		case !r.passed:
			next, err := r.successor()
			if err != nil {
				return nil, err
			}
			if next == "" {
				return nil, io.EOF
			}
			r.passed = true // read what came before the other was begun
		default:
			if len(r.part) > 0 || r.long {
				r.part, r.long = nil, false
				return nil, ErrNoLine
			}
			if err := r.open(); err != nil {
				return nil, err
			}
		}
	}
}

// open opens the successor of the file that is open, or the oldest.
func (r *Row) open() error {
	for {
		next, err := r.successor()
		if err != nil {
			return err
		}
		if next == "" {
			return io.EOF
		}
		// Whoever writes there must not have a reader wait, or read something else.
		file, err := os.OpenFile(next, os.O_RDONLY|NoFollow|noWait, 0)
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
		r.Close()
		r.file, r.info, r.passed, r.buffer = file, info, false, bufio.NewReaderSize(file, r.longest)
		return nil
	}
}

// successor is the name of the file after the one that is open, or of the oldest;
// empty if there is none.
func (r *Row) successor() (string, error) {
	full, _, err := Numbered(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	all := append(full, r.path)
	for i := len(all) - 1; i >= 0; i-- {
		info, err := os.Lstat(all[i])
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				all = append(all[:i:i], all[i+1:]...)
				continue
			}
			return "", err
		}
		if r.file != nil && os.SameFile(info, r.info) {
			all = all[i+1:]
			break
		}
	}
	if len(all) == 0 {
		return "", nil
	}
	return all[0], nil
}

// Close closes the file that is open.
func (r *Row) Close() {
	if r.file != nil {
		_ = r.file.Close()
		r.file = nil
	}
}

// Size returns how many bytes the files of the series at path take, and whether there
// are any.
func Size(path string) (bytes int64, found bool, err error) {
	full, _, err := Numbered(path)
	if err != nil {
		return 0, false, err
	}
	for _, name := range append(full, path) {
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, false, err
		}
		found = true
		bytes += info.Size()
	}
	return bytes, found, nil
}
