// SPDX-License-Identifier: MIT

package pin

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Path is where the pin of the server called name is, in the folder of the entries.
func Path(dir, name string) string { return filepath.Join(dir, name+".lock.json") }

// Load reads a pin, which must be a file that nobody else may write, as an entry. One that is not there is the empty one, which approves nothing; ok
// tells the two apart.
func Load(path string) (p Pin, ok bool, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Pin{}, false, nil
	case errors.Is(err, syscall.ELOOP):
		return Pin{}, false, fmt.Errorf("%s is a symbolic link: put the file itself there", path)
	case err != nil:
		return Pin{}, false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return Pin{}, false, fmt.Errorf("%s is no file: remove it and approve again", path)
	}
	// It says who may call what, as much as the entry does.
	if info.Mode().Perm()&0o022 != 0 {
		return Pin{}, false, fmt.Errorf("others may write %s (mode %04o): look at it, then chmod 0640 %s", path, info.Mode().Perm(), path)
	}
	if owner, known := info.Sys().(*syscall.Stat_t); known && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return Pin{}, false, fmt.Errorf("%s is not root's: look at it, then chown root:tailscale-mcp-servers %s", path, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Pin{}, false, err
	}
	if p, err = Parse(text); err != nil {
		return Pin{}, false, fmt.Errorf("%s: %w", path, err)
	}
	return p, true, nil
}

// Save writes a pin, all of it or nothing, readable for the group of its folder.
func Save(path string, p Pin) (err error) {
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("%s was not written, it is as it was: %w", path, err)
		}
	}()
	if _, err := f.Write(p.Text()); err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(-1, int(owner.Gid)); err != nil {
			return err
		}
	}
	if err := errors.Join(f.Chmod(0o640), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil //nolint:nilerr // it is written; only a crash of the host could still lose it
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}
