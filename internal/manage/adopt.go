// SPDX-License-Identifier: MIT

package manage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The bounds of what a package may be.
const (
	mostFiles = 100_000
	mostBytes = 2 << 30
)

// adopt copies a folder that somebody without privileges has filled to where servers read
// it, as files of root that nobody else may change. In place of what was there comes all of
// it or nothing.
func adopt(from, to string) (err error) {
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // servers read it, whatever account they run under
		return err
	}
	next, err := os.MkdirTemp(filepath.Dir(to), ".new-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(next)) }()
	target, err := os.OpenRoot(next)
	if err != nil {
		return err
	}
	defer target.Close()
	if err := copyTree(source, target); err != nil {
		return fmt.Errorf("copying what npm installed: %w", err)
	}
	if err := os.Chmod(next, 0o755); err != nil { //nolint:gosec // as above
		return err
	}
	old := next + ".old"
	if err := os.Rename(to, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(next, to); err != nil {
		return errors.Join(err, os.Rename(old, to))
	}
	return os.RemoveAll(old)
}

// copyTree copies files, folders and links that stay inside; anything else is refused. The
// cache of npm is left behind.
func copyTree(from, to *os.Root) error {
	files, bytes := 0, int64(0)
	return fs.WalkDir(from.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		if path == ".npm" {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		bytes += info.Size()
		if files > mostFiles || bytes > mostBytes {
			return fmt.Errorf("it has more than %d files or %d MiB", mostFiles, mostBytes>>20)
		}
		switch {
		case d.IsDir():
			return to.Mkdir(path, 0o755)
		case info.Mode().IsRegular():
			return copyFile(from, to, path, info.Mode())
		case info.Mode()&fs.ModeSymlink != 0:
			link, err := from.Readlink(path)
			if err != nil {
				return err
			}
			if !filepath.IsLocal(filepath.Join(filepath.Dir(path), link)) || filepath.IsAbs(link) {
				return fmt.Errorf("the link %s leads out of it", path)
			}
			return to.Symlink(link, path)
		}
		return fmt.Errorf("%s is neither a file nor a folder", path)
	})
}

func copyFile(from, to *os.Root, path string, mode fs.FileMode) (err error) {
	in, err := from.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	perm := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		perm = 0o755
	}
	out, err := to.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
