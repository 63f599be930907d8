// SPDX-License-Identifier: MIT

package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// series returns one of as many files as never go, of limit bytes each.
func series(t *testing.T, path string, limit int64) *Series {
	s := &Series{Path: path, Files: 100, Limit: limit, Calls: System()}
	t.Cleanup(s.Close)
	return s
}

// put writes a line, which has to succeed.
func put(t *testing.T, s *Series, line string) {
	t.Helper()
	if err := s.Append([]byte(line+"\n"), true); err != nil {
		t.Fatal(err)
	}
}

// history are the lines in all files of a series, the oldest first.
func history(t *testing.T, path string) (files int, lines []string) {
	t.Helper()
	full, _, err := Numbered(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(full, path) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return len(full) + 1, lines
}

// Full files are numbered in their order, and the oldest goes when there are as
// many as there may be. No line falls between two files.
func TestRotation(t *testing.T) {
	const each, most = 50, 4
	s := series(t, filepath.Join(t.TempDir(), "lines"), each)
	s.Files = most
	var want []string
	for i := range 100 {
		line := fmt.Sprint("line ", i)
		put(t, s, line)
		want = append(want, line)
		files, got := history(t, s.Path)
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
	full, _, _ := Numbered(s.Path)
	for _, path := range full {
		if info, err := os.Stat(path); err != nil || info.Size() > each || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %d bytes, mode %v", path, err, info.Size(), info.Mode())
		}
	}
	// Six lines of eight bytes fit into each of the three that are full.
	bytes, found, err := Size(s.Path)
	if err != nil || !found || bytes < 3*48 || bytes > most*each {
		t.Errorf("got %d bytes, %v, %v, want at most %d", bytes, found, err, most*each)
	}
	if bytes, found, err := Size(s.Path + "-other"); bytes != 0 || found || err != nil {
		t.Errorf("of no file: got %d bytes, %v, %v", bytes, found, err)
	}
}

// Over lets the file that is open become longer than its limit, and no further.
func TestOver(t *testing.T) {
	s := series(t, filepath.Join(t.TempDir(), "lines"), 10)
	put(t, s, "1234567")
	s.Over = 8
	put(t, s, "2234567")
	if files, _ := history(t, s.Path); files != 1 {
		t.Errorf("got %d files, want one that is longer than its limit", files)
	}
	put(t, s, "3234567")
	if files, got := history(t, s.Path); files != 2 || len(got) != 3 {
		t.Errorf("got %d files with %q, want two with all three lines", files, got)
	}
}

// What a crash leaves is kept as it is, and the next line begins a line.
func TestTornLine(t *testing.T) {
	for name, c := range map[string]struct{ left, want string }{
		"half a line":        {"first\nha", "first\nha\nnext\nlast\n"},
		"a whole line":       {"first\n", "first\nnext\nlast\n"},
		"zeros after a loss": {"\x00\x00\x00", "\x00\x00\x00\nnext\nlast\n"},
		"nothing":            {"", "next\nlast\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := series(t, filepath.Join(t.TempDir(), "lines"), 1000)
			if err := os.WriteFile(s.Path, []byte(c.left), 0o600); err != nil {
				t.Fatal(err)
			}
			put(t, s, "next")
			put(t, s, "last")
			if text, err := os.ReadFile(s.Path); err != nil || string(text) != c.want {
				t.Errorf("got %q, %v, want %q", text, err, c.want)
			}
		})
	}
}

// A crash between the renaming and the new file, or with a number left out, loses
// no order.
func TestRotationAfterCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	for _, n := range []string{"000002", "000010", "1000000", "7", "tmp", "000002.gz"} {
		if err := os.WriteFile(path+"."+n, []byte(n+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := series(t, path, 2)
	put(t, s, "a")
	put(t, s, "b")
	if _, got := history(t, path); !slices.Equal(got, []string{"000002", "000010", "1000000", "a", "b"}) {
		t.Errorf("got %q, want the order of the numbers, and no file that is not ours", got)
	}
	if _, err := os.Stat(path + ".1000001"); err != nil {
		t.Errorf("the next number: %v", err)
	}
}

// A folder that is not there is made, for its owner alone, and its name is durable.
// One that is there stays as it is.
func TestMakeFolder(t *testing.T) {
	top := t.TempDir()
	synced := map[string]bool{}
	calls := System()
	calls.Sync = func(f *os.File) error { synced[f.Name()] = true; return f.Sync() }
	folder := filepath.Join(top, "a", "b")
	for range 2 {
		if err := calls.MakeFolder(folder); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{top, filepath.Join(top, "a")} {
		if !synced[path] {
			t.Errorf("what was made in %s is not durable", path)
		}
	}
	for _, path := range []string{filepath.Join(top, "a"), folder} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, mode %v, want 0700", path, err, info.Mode())
		}
	}
	if synced[folder] {
		t.Error("a folder in which nothing was made was synced")
	}
}
