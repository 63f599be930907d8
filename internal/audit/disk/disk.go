// SPDX-License-Identifier: MIT

// Package disk keeps lines in files of a bounded size, so that they are there after
// a crash.
//
// A [Series] writes: all of some lines or none, durable where that is asked for, in a
// file that is numbered when it is full and that goes when it is the oldest of too
// many. A [Row] reads the files of a series as one, also while they are written. What
// is in a line is nobody's business here. Beside that it has what else their owner
// needs of a disk: folders that stay, a lock that only one process holds, and how much
// room there is.
//
// It imports the standard library only. It fails by returning the errors of the
// system, most of which name the path.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrInUse is what [Lock] returns when somebody else holds the file.
var ErrInUse = errors.New("another process writes it")

// Calls are the calls that fail when a disk does.
type Calls struct {
	// Write writes to the end of a file, as [os.File.Write].
	Write func(*os.File, []byte) (int, error)
	// Sync makes durable what was written, as [os.File.Sync].
	Sync func(*os.File) error
	// Reserve takes room for n bytes from an offset on, without making the file longer.
	Reserve func(f *os.File, offset, n int64) error
}

// System returns the calls of the operating system.
func System() Calls {
	return Calls{Write: (*os.File).Write, Sync: (*os.File).Sync, Reserve: reserve}
}

// MakeFolder makes a folder for its owner alone, and the folders that it is in, and
// makes their names durable. One that is there is left as it is.
func (c Calls) MakeFolder(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if parent := filepath.Dir(path); parent != path {
		if err := c.MakeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return c.SyncFolder(path)
}

// SyncFolder makes names in the folder of path durable.
func (c Calls) SyncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return c.Sync(folder)
}
