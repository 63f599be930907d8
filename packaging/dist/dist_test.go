// SPDX-License-Identifier: MIT

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	someTime = time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)
	systems  = []string{"windows/amd64", "linux/arm64"}
)

// built is a release whose binaries say what they are for.
func built(t *testing.T) *release {
	t.Helper()
	t.Chdir("../..")
	r := &release{version: "1.2.3", time: someTime, binaries: t.TempDir(), out: filepath.Join(t.TempDir(), "dist"), systems: systems}
	write := func(folder, name string) {
		t.Helper()
		in := filepath.Join(r.binaries, filepath.FromSlash(folder))
		if err := os.MkdirAll(in, 0o700); err != nil {
			t.Fatal(err)
		}
		// Neither mode nor time of the file are to matter.
		if err := os.WriteFile(filepath.Join(in, name), []byte(name+" for "+folder), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("windows/amd64", program+".exe")
	write("linux/arm64", program)
	for _, name := range completions {
		write("completions", name)
	}
	return r
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// entry is one file as it is in an archive.
type entry struct {
	name, owner string
	mode        os.FileMode
	time        time.Time
	data        string
}

func untar(t *testing.T, archive []byte) (entries []entry) {
	t.Helper()
	gz, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	if gz.Name != "" || !gz.ModTime.IsZero() {
		t.Errorf("header of gzip: got %q and %v, want no name and no time", gz.Name, gz.ModTime)
	}
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{h.Name, h.Uname + ":" + h.Gname, h.FileInfo().Mode(), h.ModTime.UTC(), string(data)})
	}
}

func unzip(t *testing.T, archive []byte) (entries []entry) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{f.Name, "", f.Mode(), f.Modified.UTC(), string(data)})
	}
	return entries
}

func TestRelease(t *testing.T) {
	r := built(t)
	if err := r.write(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		archive, binary, data, owner string
		open                         func(*testing.T, []byte) []entry
	}{
		{program + "_1.2.3_linux_arm64.tar.gz", program, program + " for linux/arm64", "root:root", untar},
		{program + "_1.2.3_windows_amd64.zip", program + ".exe", program + ".exe for windows/amd64", "", unzip},
	}
	var sums string
	for _, tt := range tests {
		t.Run(tt.archive, func(t *testing.T) {
			archive := read(t, r.out, tt.archive)
			sums += fmt.Sprintf("%x  %s\n", sha256.Sum256(archive), tt.archive)
			folder := strings.TrimSuffix(strings.TrimSuffix(tt.archive, ".tar.gz"), ".zip") + "/"
			want := []entry{{folder + tt.binary, tt.owner, 0o755, someTime, tt.data}}
			for _, d := range documents {
				want = append(want, entry{folder + d.to, tt.owner, 0o644, someTime, string(read(t, d.from))})
			}
			for _, name := range completions {
				want = append(want, entry{folder + "completions/" + name, tt.owner, 0o644, someTime, name + " for completions"})
			}
			if got := tt.open(t, archive); !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	if got := string(read(t, r.out, sumsName)); got != sums {
		t.Errorf("%s: got %s, want %s", sumsName, got, sums)
	}
}

// A second run gives the same bytes, whatever the order of the systems and the
// times of the files, and leaves nothing of another version.
func TestReleaseAgain(t *testing.T) {
	r := built(t)
	if err := r.write(); err != nil {
		t.Fatal(err)
	}
	first := read(t, r.out, sumsName)
	now := time.Now()
	if err := os.Chtimes(filepath.Join(r.binaries, "linux/arm64", program), now, now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(r.systems)
	for _, version := range []string{"1.2.4", "1.2.3"} {
		if r.version = version; r.write() != nil {
			t.Fatal("writing again fails")
		}
	}
	if again := read(t, r.out, sumsName); !bytes.Equal(first, again) {
		t.Errorf("got %s, want %s", again, first)
	}
	if found, _ := filepath.Glob(filepath.Join(r.out, "*")); len(found) != len(systems)+1 {
		t.Errorf("got %q, want the archives of one version and their sums", found)
	}
}

func TestReleaseRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*release)
		want string
	}{
		{"no version", func(r *release) { r.version = "" }, "pass VERSION"},
		{"what git describe prints", func(r *release) { r.version = "v1.2.3-4-gabcdef0" }, "pass VERSION"},
		{"no time", func(r *release) { r.time = time.Unix(0, 0) }, "pass SOURCE_DATE_EPOCH"},
		{"a binary that is not there", func(r *release) { r.systems = append(r.systems, "plan9/386") }, "plan9/386: the binary: "},
		{"completions that are not there", func(r *release) { _ = os.RemoveAll(filepath.Join(r.binaries, "completions")) }, "the completions: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := built(t)
			tt.edit(r)
			if err := r.write(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
			if _, err := os.Stat(filepath.Join(r.out, sumsName)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("checksums: got %v, want none", err)
			}
		})
	}
}
