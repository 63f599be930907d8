// SPDX-License-Identifier: MIT

package credfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRead: what is read is the text without its line end, and what is none is refused
// without any of it in the error.
func TestRead(t *testing.T) {
	folder := t.TempDir()
	for _, test := range []struct{ name, content, want, err string }{
		{"plain", "s3cret", "s3cret", ""},
		{"line", " s3cret \n", " s3cret ", ""},
		{"lines", "s3cret\n\n", "s3cret\n", ""},
		{"empty", "", "", ""},
		{"longest", strings.Repeat("k", Max), strings.Repeat("k", Max), ""},
		{"longer", strings.Repeat("k", Max+1), "", "the credential longer is longer than 65536 bytes"},
		{"binary", "s3cret\x00", "", "the credential binary has a NUL byte"},
	} {
		if err := os.WriteFile(filepath.Join(folder, test.name), []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(folder, test.name)
		switch {
		case test.err == "" && (err != nil || got != test.want):
			t.Errorf("%s: %q, %v", test.name, got, err)
		case test.err != "" && (err == nil || got != "" || !strings.HasPrefix(err.Error(), test.err) || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%s: %q, %v", test.name, got, err)
		}
	}
	for _, dir := range []string{folder, "", filepath.Join(folder, "none")} {
		if _, err := Read(dir, "missing"); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "the credential missing: ") {
			t.Errorf("%q: %v", dir, err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(folder, "folder"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder: %v", err)
	}
}
