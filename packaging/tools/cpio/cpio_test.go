// SPDX-License-Identifier: MIT

package cpio

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNames: whatever a file is called, cpio(1) puts it below the folder in which it unpacks.
func TestNames(t *testing.T) {
	long := strings.Repeat("long/", 50)
	var names, want []string
	for _, c := range []struct{ name, want string }{
		{"/usr/bin/x", "./usr/bin/x"},
		{"usr/y", "./usr/y"},
		{"./etc/z", "./etc/z"},
		{"../../etc/up", "./etc/up"},
		{"/" + long + "e", "./" + long + "e"},
	} {
		names, want = append(names, c.name), append(want, c.want)
	}
	archive := written(t, names)

	dir := t.TempDir()
	if got := run(t, dir, archive, "--list"); got != strings.Join(want, "\n") {
		t.Errorf("the archive holds\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	run(t, dir, archive, "--extract", "--make-directories", "--no-absolute-filenames")
	for i, name := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != names[i] {
			t.Errorf("%s holds %q (%v), want %q", name, got, err, names[i])
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, write := range map[string]func(*Writer) error{
		"the root":       func(w *Writer) error { return w.WriteHeader(&Header{Name: "/"}) },
		"no name":        func(w *Writer) error { return w.WriteHeader(&Header{Name: ""}) },
		"a cut name":     func(w *Writer) error { return w.WriteHeader(&Header{Name: "/a\x00b"}) },
		"too large":      func(w *Writer) error { return w.WriteHeader(&Header{Name: "/a", Size: 1 << 32}) },
		"more than said": func(w *Writer) error { _, err := w.Write([]byte("x")); return err },
		"less than said": func(w *Writer) error { w.left = 1; return w.Close() },
	} {
		if err := write(NewWriter(io.Discard)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// written is an archive of files that each hold the name they were given.
func written(t *testing.T, names []string) []byte {
	t.Helper()
	var archive bytes.Buffer
	w := NewWriter(&archive)
	for _, name := range names {
		if err := w.WriteHeader(&Header{Name: name, Mode: 0o100644, Size: int64(len(name)), Links: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func run(t *testing.T, dir string, archive []byte, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cpio", append([]string{"--quiet"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(archive)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio %v: %v: %s", args, err, said)
	}
	return strings.TrimSpace(string(said))
}
