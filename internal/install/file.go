// SPDX-License-Identifier: MIT

package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// maxFile is the largest configuration file that is read. Claude Code keeps
// its history in its own, which can be tens of megabytes.
const maxFile = 256 << 20

// file is a file as it was read.
type file struct {
	path   string // behind all symbolic links
	exists bool
	text   []byte
	mode   fs.FileMode
}

// readFile follows symbolic links, also one that leads to nothing yet, so that
// what manages them keeps doing so.
func readFile(path string) (file, error) {
	f := file{path: path, mode: 0o600}
	for range 40 { // as many as the system itself follows
		to, err := os.Readlink(f.path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			// ".." is the folder above the real one, as the system has it.
			dir := filepath.Dir(f.path)
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				dir = real
			}
			to = filepath.Join(dir, to)
		}
		f.path = to
	}
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return f, refuse("see who may read it, or name another file with --config", "reading %s: %v", path, cause(err))
	case !info.Mode().IsRegular():
		return f, refuse("name the client's configuration file with --config", "%s is not a file", path)
	case info.Size() > maxFile:
		return f, refuse("enter it by hand", "%s is too large: %d bytes", path, info.Size())
	}
	f.exists, f.mode = true, info.Mode().Perm()
	if f.text, err = os.ReadFile(f.path); err != nil {
		return f, refuse("see who may read it, or name another file with --config", "reading %s: %v", path, cause(err))
	}
	return f, nil
}

// cause is an error of the system without the path, which the text has already.
func cause(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Apply makes the change, all of it or nothing, and keeps what was there in a
// file beside it, whose name it returns. It refuses when the file is not as it
// was when the change was planned.
func (p *Plan) Apply(now time.Time) (backup string, err error) {
	backup, err = p.apply(now)
	var r *Refusal
	if err != nil && !errors.As(err, &r) {
		err = refuse("see who may write there, or enter it by hand as 'install CLIENT --print' shows", "%s was not written: %v", p.Path, err)
	}
	return backup, err
}

func (p *Plan) apply(now time.Time) (backup string, err error) {
	f := p.file
	if err := p.unchanged(); err != nil {
		return "", err
	}
	if f.exists {
		if err := f.writable(); err != nil {
			return "", f.unwritable(p.Path, err)
		}
	}
	if p.Deletes {
		return "", os.Remove(f.path)
	}
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if f.exists && !p.restores {
		if backup, err = f.backup(now); err != nil {
			return "", fmt.Errorf("keeping what was there: %w", err)
		}
	}
	temp, err := os.CreateTemp(dir, "."+filepath.Base(f.path)+".new-*")
	if err != nil {
		return backup, err
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(p.after); err != nil {
		return backup, err
	}
	if err = f.like(temp); err != nil {
		return backup, fmt.Errorf("keeping the file's owner and mode: %w", err)
	}
	if err = temp.Sync(); err != nil {
		return backup, err
	}
	if err = temp.Close(); err != nil {
		return backup, err
	}
	if err = p.unchanged(); err != nil {
		return backup, err
	}
	if err = os.Rename(temp.Name(), f.path); err != nil {
		return backup, err
	}
	syncFolder(dir)
	return backup, nil
}

// unchanged refuses when another program was there in the meantime.
func (p *Plan) unchanged() error {
	now, err := readFile(p.Path)
	if err != nil {
		return err
	}
	if now.path != p.file.path || now.exists != p.file.exists || now.mode != p.file.mode || !bytes.Equal(now.text, p.file.text) {
		return refuse("quit the client, then try again", "%s was changed by another program just now", p.Path)
	}
	return nil
}

// writable reports why the file may not be written. The permission to replace
// it, which is the folder's, is not what its owner meant.
func (f file) writable() error {
	if f.mode&0o200 == 0 {
		return errors.New("read-only")
	}
	w, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return w.Close()
}

// unwritable refuses for the reason err of writable, with whose file it is: who
// made it so may be a program that manages it, or a command run as root.
func (f file) unwritable(path string, err error) error {
	owner := ""
	if who := f.owner(); who != "" {
		owner = ", and belongs to " + who
	}
	return refuse("have it given to you or made writable, or enter the server as 'install CLIENT --print' shows in what makes that file", "%s cannot be written (%v)%s", path, cause(err), owner)
}

// backup keeps the file beside it, unless there is such a copy already. Until
// it has the owner and the mode of the file nobody else can read it.
func (f file) backup(now time.Time) (string, error) {
	for _, old := range f.backupNames() {
		if text, err := os.ReadFile(old); err == nil && bytes.Equal(text, f.text) {
			return old, nil
		}
	}
	name := f.path + ".bak-" + now.Format("20060102-150405")
	for n := 2; ; n++ {
		w, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) && n < 100 {
			name = fmt.Sprintf("%s.bak-%s-%02d", f.path, now.Format("20060102-150405"), n)
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = w.Write(f.text)
		if err = errors.Join(err, f.like(w), w.Sync(), w.Close()); err != nil {
			_ = os.Remove(name) // half a copy is none
			return "", err
		}
		return name, nil
	}
}

// backups are the contents of the copies, the newest first. They may be many
// and large, so each is read when it is its turn.
func (f file) backups() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, name := range f.backupNames() {
			if text, err := os.ReadFile(name); err == nil && !yield(text) {
				return
			}
		}
	}
}

// backupNames lists the copies, the newest first.
func (f file) backupNames() []string {
	dir, prefix := filepath.Dir(f.path), filepath.Base(f.path)+".bak-"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && len(e.Name()) > len(prefix) && e.Name()[:len(prefix)] == prefix {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names
}
