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
	full, _, err := numbered(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(full, path) {
		got = append(got, ids(t, p)...)
	}
	return len(full) + 1, got
}

// Full files are numbered in their order, and the oldest goes when there are as
// many as there may be. No record falls between two files.
func TestRotation(t *testing.T) {
	f := open(t, &faulty{}, noLoss(t))
	const each, most = 1000, 4
	f.series[changes].limit, f.series[changes].files = each, most
	var want []string
	for i := range 100 {
		id := fmt.Sprint("r", i)
		write(t, f, id)
		want = append(want, id)
		files, got := history(t, f.path)
		if files > most {
			t.Fatalf("got %d files, want %d at most", files, most)
		}
		if !slices.Equal(got, want[len(want)-len(got):]) {
			t.Fatalf("got %q, want the last of %q", got, want)
		}
		if i > 90 && files != most {
			t.Fatalf("got %d files, want %d", files, most)
		}
	}
	full, _, _ := numbered(f.path)
	for _, path := range full {
		if info, err := os.Stat(path); err != nil || info.Size() > each || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %d bytes, mode %v", path, err, info.Size(), info.Mode())
		}
	}
}

// Neither reads nor refusals, however many, push out a record of a change.
func TestSharesAreApart(t *testing.T) {
	f := open(t, &faulty{}, func(Event) {})
	for k := range f.series {
		f.series[k].limit = 2000
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

// What a crash leaves is kept as it is, and the next record begins a line.
func TestTornLine(t *testing.T) {
	for name, c := range map[string]struct{ left, want string }{
		"half a record":      {`{"time":"2026-03-04T05:06:07Z","event":"deci`, "\n"},
		"a record, no end":   {`{"event":"decision","requestId":"x","allowed":true}`, "\n"},
		"a whole record":     {`{"event":"decision","requestId":"x","allowed":true}` + "\n", ""},
		"zeros after a loss": {"\x00\x00\x00", "\n"},
		"nothing":            {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.jsonl")
			if err := os.WriteFile(path, []byte(c.left), 0o600); err != nil {
				t.Fatal(err)
			}
			d := &faulty{}
			f := newFile(path, noLoss(t), d.disk())
			write(t, f, "next")
			write(t, f, "last")
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			rest, ok := strings.CutPrefix(string(text), c.left+c.want)
			if !ok || strings.Count(rest, "\n") != 2 || !strings.HasPrefix(rest, `{"time"`) {
				t.Errorf("got %q, want what was there, and two lines", text)
			}
		})
	}
}

// A crash between the renaming and the new file, or with a number left out, loses
// no order.
func TestRotationAfterCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for _, n := range []string{"000002", "000010", "1000000", "7", "tmp", "000002.gz"} {
		if err := os.WriteFile(path+"."+n, []byte(`{"requestId":"`+n+"\"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := &faulty{}
	f := newFile(path, noLoss(t), d.disk())
	f.series[changes].limit = 200
	write(t, f, "a")
	write(t, f, "b")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, got := history(t, path); !slices.Equal(got, []string{"000002", "000010", "1000000", "a", "b"}) {
		t.Errorf("got %q, want the order of the numbers, and no file that is not ours", got)
	}
	if _, err := os.Stat(path + ".1000001"); err != nil {
		t.Errorf("the next number: %v", err)
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

// A folder that is not there is made, for its owner alone, and its name is durable
// before a record is.
func TestFileMakesFolders(t *testing.T) {
	top := t.TempDir()
	synced := map[string]bool{}
	d := disk{write: (*os.File).Write, reserve: reserve, sync: func(f *os.File) error { synced[f.Name()] = true; return f.Sync() }}
	folder := filepath.Join(top, "a", "b")
	f := newFile(filepath.Join(folder, "audit.jsonl"), noLoss(t), d)
	write(t, f, "x")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{top, filepath.Join(top, "a"), folder} {
		if !synced[path] {
			t.Errorf("what was made in %s is not durable", path)
		}
		if info, err := os.Stat(path); err != nil || path != top && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, mode %v, want 0700", path, err, info.Mode())
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
	if err := second.Check(); !errors.Is(err, errInUse) {
		t.Fatalf("got %v, want %v", err, errInUse)
	}
	if err := second.Write(t.Context(), change("second")); !errors.Is(err, errInUse) {
		t.Fatalf("got %v, want %v", err, errInUse)
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
