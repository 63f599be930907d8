// SPDX-License-Identifier: MIT

package audit

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

// series is a row of files with one kind of records: the one that is written, at
// path, and those that were full, which are numbered in their order (path.000001,
// path.000002, …). A full file is renamed once and never again, so that a crash at
// any time leaves all of them in order. Only the writer of a [File] uses it.
type series struct {
	path  string
	files int   // how many there may be
	limit int64 // bytes of one
	disk  disk

	file *os.File // nil: not open
	info fs.FileInfo
	size int64 // of file; after it nothing counts
	// torn is set when the last line has no end, as after a crash: the next record
	// must not become the rest of it.
	torn bool
	// doubt is the file after which a write failed. What it has beyond its size was
	// reported as not written.
	doubt *doubt

	// For the next lines: what more than them has to fit on the disk, and by how much
	// the file that is open may become longer than its limit.
	room, over int64
}

type doubt struct {
	info fs.FileInfo
	size int64
}

// disk are the calls that fail when a disk does.
type disk struct {
	write func(*os.File, []byte) (int, error)
	sync  func(*os.File) error
	// reserve takes room for n bytes from an offset on, without making the file longer.
	reserve func(f *os.File, offset, n int64) error
}

// append writes lines to the end, all of them or none. With durable they are on
// disk when it returns. After an error it begins anew with the next lines: a
// descriptor whose fsync failed once would report success for what is lost.
func (s *series) append(lines []byte, durable bool) error {
	if err := s.ready(int64(len(lines))); err != nil {
		s.close()
		return err
	}
	if s.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	if s.room > 0 {
		if err := s.disk.reserve(s.file, s.size, int64(len(lines))+s.room); err != nil {
			return err
		}
	}
	_, err := s.disk.write(s.file, lines)
	if err == nil && durable {
		err = s.disk.sync(s.file)
	}
	if err != nil {
		_ = s.file.Truncate(s.size) // done again before anything else is written
		s.doubt = &doubt{s.info, s.size}
		s.close()
		return err
	}
	s.size += int64(len(lines))
	s.torn = s.torn && len(lines) == 0
	return nil
}

// ready opens the file, or a new one when n more bytes are too many for it. One
// that somebody has moved away, removed or cut is not written any more.
func (s *series) ready(n int64) error {
	if s.file != nil {
		if found, err := os.Lstat(s.path); err != nil || !os.SameFile(found, s.info) || found.Size() != s.size {
			s.close()
		}
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if s.size > 0 && s.size+n > s.limit+s.over {
		return s.rotate()
	}
	return nil
}

func (s *series) open() error {
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE|os.O_APPEND|noFollow, 0o600)
	if err != nil {
		return err
	}
	s.file = file
	if s.info, err = file.Stat(); err != nil {
		return err
	}
	if !s.info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", s.path)
	}
	s.size = s.info.Size()
	if s.doubt != nil && os.SameFile(s.doubt.info, s.info) && s.size > s.doubt.size {
		if err := errors.Join(file.Truncate(s.doubt.size), s.disk.sync(file)); err != nil {
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
	return syncFolder(s.path, s.disk)
}

// rotate numbers the file and begins a new one. The oldest goes before, so that
// there are never more than there may be.
func (s *series) rotate() error {
	full, next, err := numbered(s.path)
	if err != nil {
		return err
	}
	for ; len(full) > s.files-2; full = full[1:] {
		if err := os.Remove(full[0]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := s.disk.sync(s.file); err != nil {
		return err
	}
	if err := os.Rename(s.path, fmt.Sprintf("%s.%06d", s.path, next)); err != nil {
		return err
	}
	s.close()
	return s.open()
}

func (s *series) close() {
	if s.file != nil {
		_ = s.file.Close() // what counts has been synced
		s.file = nil
	}
}

// numbered returns the full files of the series at path, the oldest first, and the
// next number.
func numbered(path string) (full []string, next uint64, err error) {
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

// makeFolder makes a folder for its owner alone, and the folders that it is in, and
// makes their names durable. One that is there is left as it is.
func makeFolder(path string, d disk) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent := filepath.Dir(path); parent != path {
		if err := makeFolder(parent, d); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(path, d)
}

// syncFolder makes names in the folder of path durable.
func syncFolder(path string, d disk) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return d.sync(folder)
}
