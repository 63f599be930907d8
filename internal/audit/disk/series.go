// SPDX-License-Identifier: MIT

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Series is a row of files with one kind of lines: the one that is written, at
// path, and those that were full, which are numbered in their order (path.000001,
// path.000002, …). A full file is renamed once and never again, so that a crash at
// any time leaves all of them in order. It is ready when the
// first four fields are set, and opens nothing before there are lines. One goroutine
// may use it at a time.
type Series struct {
	// Path is the file that is written, Files how many there may be with those that
	// were full, and Limit the bytes of one.
	Path  string
	Files int
	Limit int64
	Calls Calls

	file *os.File // nil: not open
	info fs.FileInfo
	size int64 // of file; after it nothing counts
	// torn is set when the last line has no end, as after a crash: the next line
	// must not become the rest of it.
	torn bool
	// doubt is the file after which a write failed. What it has beyond its size was
	// reported as not written.
	doubt *doubt

	// Room and Over are for the next lines: how many bytes more than them have to fit
	// on the disk, and by how many the file that is open may become longer than its
	// limit.
	Room, Over int64
}

type doubt struct {
	info fs.FileInfo
	size int64
}

// Append writes lines to the end, all of them or none. With durable they are on
// disk when it returns. After an error it begins anew with the next lines: a
// descriptor whose fsync failed once would report success for what is lost.
func (s *Series) Append(lines []byte, durable bool) error {
	if err := s.ready(int64(len(lines))); err != nil {
		s.Close()
		return err
	}
	if s.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	if s.Room > 0 {
		if err := s.Calls.Reserve(s.file, s.size, int64(len(lines))+s.Room); err != nil {
			return err
		}
	}
	_, err := s.Calls.Write(s.file, lines)
	if err == nil && durable {
		err = s.Calls.Sync(s.file)
	}
	if err != nil {
		_ = s.file.Truncate(s.size) // done again before anything else is written
		s.doubt = &doubt{s.info, s.size}
		s.Close()
		return err
	}
	s.size += int64(len(lines))
	s.torn = s.torn && len(lines) == 0
	return nil
}

// ready opens the file, or a new one when n more bytes are too many for it. One
// that somebody has moved away, removed or cut is not written any more.
func (s *Series) ready(n int64) error {
	if s.file != nil {
		if found, err := os.Lstat(s.Path); err != nil || !os.SameFile(found, s.info) || found.Size() != s.size {
			s.Close()
		}
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if s.size > 0 && s.size+n > s.Limit+s.Over {
		return s.rotate()
	}
	return nil
}

func (s *Series) open() error {
	file, err := os.OpenFile(s.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND|NoFollow, 0o600)
	if err != nil {
		return err
	}
	s.file = file
	if s.info, err = file.Stat(); err != nil {
		return err
	}
	if !s.info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", s.Path)
	}
	s.size = s.info.Size()
	if s.doubt != nil && os.SameFile(s.doubt.info, s.info) && s.size > s.doubt.size {
		if err := errors.Join(file.Truncate(s.doubt.size), s.Calls.Sync(file)); err != nil {
			return err
		}
		s.size = s.doubt.size
	}
	s.doubt, s.torn = nil, false
	if s.size > 0 {
		last := make([]byte, 1)
		if _, err := file.ReadAt(last, s.size-1); err != nil {
			return err
		}
		s.torn = last[0] != '\n'
	}
	return s.Calls.SyncFolder(s.Path)
}

// rotate numbers the file and begins a new one. The oldest goes before, so that
// there are never more than there may be.
func (s *Series) rotate() error {
	full, next, err := Numbered(s.Path)
	if err != nil {
		return err
	}
	for ; len(full) > s.Files-2; full = full[1:] {
		if err := os.Remove(full[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := s.Calls.Sync(s.file); err != nil {
		return err
	}
	if err := os.Rename(s.Path, fmt.Sprintf("%s.%06d", s.Path, next)); err != nil {
		return err
	}
	s.Close()
	return s.open()
}

// Close closes the file that is open, without making anything durable. More lines
// open it again.
func (s *Series) Close() {
	if s.file != nil {
		_ = s.file.Close() // what counts has been synced
		s.file = nil
	}
}

// Sync makes durable what was written to the file that is open.
func (s *Series) Sync() error {
	if s.file == nil {
		return nil
	}
	return s.Calls.Sync(s.file)
}

// Numbered returns the full files of the series at path, the oldest first, and the
// next number.
func Numbered(path string) (full []string, next uint64, err error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, 0, err
	}
	numbers := map[string]uint64{}
	for _, entry := range entries {
		digits, ok := strings.CutPrefix(entry.Name(), filepath.Base(path)+".")
		n, err := strconv.ParseUint(digits, 10, 63)
		if !ok || err != nil || len(digits) < 6 {
			continue
		}
		name := filepath.Join(filepath.Dir(path), entry.Name())
		numbers[name], next = n, max(next, n)
		full = append(full, name)
	}
	slices.SortFunc(full, func(a, b string) int {
		if numbers[a] < numbers[b] {
			return -1
		}
		return 1
	})
	return full, next + 1, nil
}
