// SPDX-License-Identifier: MIT

package audit

import (
	"errors"
	"os"
	"path/filepath"

	"tailscale-mcp/internal/audit/disk"
)

// open makes the folder, takes the lock and reads the key, once.
func (f *File) open() error {
	if f.held != nil {
		return nil
	}
	folder := filepath.Dir(f.path)
	if err := f.disk.MakeFolder(folder); err != nil {
		return err
	}
	if err := disk.Trusted(folder); err != nil {
		return err
	}
	held, err := os.OpenFile(keyPath(f.path), os.O_RDWR|os.O_CREATE|disk.NoFollow, 0o600)
	if err != nil {
		return err
	}
	k, err := f.readKey(held)
	if err != nil {
		return errors.Join(err, held.Close())
	}
	f.held = held
	f.key.Store(k)
	return nil
}

// InUse reports whether another process, or another [File], writes the file at
// path.
func InUse(path string) bool {
	held, err := os.Open(keyPath(path))
	if err != nil {
		return false
	}
	defer held.Close()
	return errors.Is(disk.Lock(held), disk.ErrInUse)
}

// readKey locks the key's file and reads it. One that is not whole is the work of
// a crash, and no digest was made with it.
func (f *File) readKey(held *os.File) (*key, error) {
	if err := disk.Lock(held); err != nil {
		return nil, err
	}
	k := new(key)
	if n, _ := held.ReadAt(k[:], 0); n == keySize {
		return k, nil
	}
	k = newKey()
	if _, err := held.WriteAt(k[:], 0); err != nil {
		return nil, err
	}
	return k, errors.Join(f.disk.Sync(held), f.disk.SyncFolder(f.path))
}

func (f *File) release() {
	for _, s := range f.series {
		s.Close()
	}
	if f.held != nil {
		_ = f.held.Close()
		f.held = nil
	}
}
