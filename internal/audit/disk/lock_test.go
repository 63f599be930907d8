// SPDX-License-Identifier: MIT

package disk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A file is held by one opening of it at a time, and by nobody when that is closed.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	open := func() *os.File {
		t.Helper()
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|NoFollow, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = file.Close() })
		return file
	}
	first, second := open(), open()
	if err := Lock(first); err != nil {
		t.Fatal(err)
	}
	if err := Lock(second); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want %v", err, ErrInUse)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Lock(second); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}
