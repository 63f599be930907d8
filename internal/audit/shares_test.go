// SPDX-License-Identifier: MIT

package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"tailscale-mcp/internal/audit/disk"
)

// write writes a change, which has to succeed.
func write(t *testing.T, f *File, id string) {
	t.Helper()
	if err := f.Write(t.Context(), change(id)); err != nil {
		t.Fatal(err)
	}
}

// history are the requests in all files of a series, the oldest first.
func history(t *testing.T, path string) (files int, got []string) {
	t.Helper()
	full, _, err := disk.Numbered(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(full, path) {
		got = append(got, ids(t, p)...)
	}
	return len(full) + 1, got
}

// Neither reads nor refusals, however many, push out a record of a change.
func TestSharesAreApart(t *testing.T) {
	f := open(t, &faulty{}, func(Event) {})
	for k := range f.series {
		f.series[k].Limit = 2000
	}
	write(t, f, "the change")
	for range 200 {
		for _, r := range []Record{sample()[0], sample()[3]} {
			if err := f.Write(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Check(); err != nil { // the writer has come by
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for k, path := range paths(f.path) {
		files, got := history(t, path)
		if k == changes && !slices.Equal(got, []string{"the change"}) || k != changes && (files != segments[k] || len(got) < 2) {
			t.Errorf("%s: got %d files, %d records", path, files, len(got))
		}
	}
	if n := segments[changes] + segments[reads] + segments[refusals]; n != 16 {
		t.Errorf("there may be %d files, want 16", n)
	}
}

// A file that somebody moved away, removed or cut is not written any more: what
// counts is what is found at the path.
func TestFileMovedAway(t *testing.T) {
	f := open(t, &faulty{}, noLoss(t))
	for i, act := range []func() error{
		func() error { return os.Rename(f.path, f.path+".old") },
		func() error { return os.Remove(f.path) },
		func() error { return os.Truncate(f.path, 0) },
		func() error { return os.WriteFile(f.path, []byte("half"), 0o600) },
		func() error { return os.RemoveAll(filepath.Dir(f.path)) },
	} {
		write(t, f, "before")
		if err := act(); err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint("after", i)
		err := f.Write(t.Context(), change(id))
		if err != nil && i == 4 { // the one that finds the folder gone
			err = f.Write(t.Context(), change(id))
		}
		if err != nil {
			t.Fatalf("act %d: %v", i, err)
		}
		if text, err := os.ReadFile(f.path); err != nil || !strings.Contains(string(text), id) {
			t.Errorf("act %d: got %q, %v in the file, want the record", i, text, err)
		}
	}
}

// The second process gets an error that says so, and the file once the first has
// ended.
func TestFileInUse(t *testing.T) {
	first := open(t, &faulty{}, noLoss(t))
	write(t, first, "first")
	d := &faulty{}
	second := newFile(first.path, noLoss(t), d.disk())
	if !InUse(first.path) || InUse(first.path+".other") {
		t.Error("it is not said that the file is in use, or it is of one that is not")
	}
	if err := second.Check(); !errors.Is(err, disk.ErrInUse) {
		t.Fatalf("got %v, want %v", err, disk.ErrInUse)
	}
	if err := second.Write(t.Context(), change("second")); !errors.Is(err, disk.ErrInUse) {
		t.Fatalf("got %v, want %v", err, disk.ErrInUse)
	}
	arguments := []byte(`{"device":"web"}`)
	digest := first.Digest(arguments)
	if second.Digest(arguments) == digest || Digest(arguments) == digest {
		t.Error("the digest can be made without the key")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if InUse(first.path) {
		t.Error("a file is in use whose writer has ended")
	}
	write(t, second, "second")
	if got := second.Digest(arguments); got != digest {
		t.Errorf("equal arguments: got %s after a restart, %s before", got, digest)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, first.path); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("got %q, want both", got)
	}
	// Half a key is the work of a crash; a new one takes its place.
	if err := os.Truncate(keyPath(first.path), 5); err != nil {
		t.Fatal(err)
	}
	third := newFile(first.path, noLoss(t), d.disk())
	if err := third.Check(); err != nil || third.Digest(arguments) == digest {
		t.Errorf("half a key: %v, want a new one", err)
	}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
}

// Names that lead elsewhere are refused, by a clear error.
func TestFileFollowsNoLinks(t *testing.T) {
	for name, put := range map[string]func(path, elsewhere string) error{
		"the file is a link": func(path, elsewhere string) error { return os.Symlink(elsewhere, path) },
		"the key is a link":  func(path, elsewhere string) error { return os.Symlink(elsewhere, keyPath(path)) },
		"a pipe":             func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
		"a folder":           func(path, _ string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			path, elsewhere := filepath.Join(t.TempDir(), "audit.jsonl"), filepath.Join(t.TempDir(), "elsewhere")
			if err := os.WriteFile(elsewhere, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := put(path, elsewhere); err != nil {
				t.Fatal(err)
			}
			d := &faulty{}
			f := newFile(path, noLoss(t), d.disk())
			if err := f.Write(t.Context(), change("x")); err == nil {
				t.Error("it was written")
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(elsewhere); err != nil || len(text) > 0 {
				t.Errorf("elsewhere: got %q, %v", text, err)
			}
		})
	}
}
