// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

const (
	expat  = "Copyright (c) 2020 A\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\nof it.\n"
	bsd    = "Copyright 2021 B. All rights reserved.\n\nRedistributions of source code must retain it.\nNeither the name of B nor\n"
	apache = "Apache License\n  Version 2.0, January 2004\n\nCopyright [yyyy] [name of copyright owner]\n"
)

// folder is a folder with files, given as names and texts in turn.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadPart(t *testing.T) {
	tests := []struct {
		name, dir                string
		licence, holders, notice string
	}{
		{"MIT", folder(t, "LICENSE", expat), "Expat", "2020 A", ""},
		{"Markdown", folder(t, "LICENSE.md", expat), "Expat", "2020 A", ""},
		{"three clauses", folder(t, "LICENSE", bsd), "BSD-3-Clause", "2021 B.", ""},
		{"two clauses", folder(t, "LICENSE", strings.ReplaceAll(bsd, "Neither the name", "No name")), "BSD-2-Clause", "2021 B.", ""},
		{"two licences", folder(t, "LICENSE", expat+bsd), "Expat and BSD-3-Clause", "2020 A, 2021 B.", ""},
		{"a template names nobody", folder(t, "LICENSE", apache), "Apache-2.0", "The authors of m", ""},
		{"a notice", folder(t, "LICENSE", apache, "NOTICE", "Copyright 2018 C, Inc"), "Apache-2.0", "2018 C, Inc", "Copyright 2018 C, Inc"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := readPart("x/*", "m v1", tt.dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(p.holders, ", "); p.licence != tt.licence || got != tt.holders || p.notice != tt.notice {
				t.Errorf("got %q, %q, %q; want %q, %q, %q", p.licence, got, p.notice, tt.licence, tt.holders, tt.notice)
			}
		})
	}
}

func TestReadPartRefuses(t *testing.T) {
	for want, dir := range map[string]string{
		"has none of LICENSE":            folder(t, "README", expat),
		"none that this program knows":   folder(t, "LICENSE", "All rights reserved."),
		"packaging/copyright/licence.go": folder(t, "LICENSE", "You may look at it."),
	} {
		if _, err := readPart("x/*", "m v1", dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestWrite(t *testing.T) {
	read := func(files, what string, texts ...string) part {
		p, err := readPart(files, what, folder(t, texts...))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	own := read("*", "", "LICENSE", expat)
	parts := []part{
		read("vendor/z/*", "z v3", "LICENSE", bsd),
		read("vendor/n/*", "n v1", "LICENSE", apache, "NOTICE", "N\n\nholds P\n"),
		read("vendor/a/*", "a v1", "LICENSE", bsd),
	}
	const want = head + `
Files: *
Copyright: 2020 A
License: Expat
 Copyright (c) 2020 A
 .
 Permission is hereby granted, free of charge, to any person obtaining a copy
 of it.

Files: vendor/a/*
 vendor/z/*
Copyright: 2021 B.
License: BSD-3-Clause
 Copyright 2021 B. All rights reserved.
 .
 Redistributions of source code must retain it.
 Neither the name of B nor
Comment: a v1
 z v3

Files: vendor/n/*
Copyright: The authors of n
License: Apache-2.0
 On Debian systems the whole text is in /usr/share/common-licenses/Apache-2.0.
Comment: n v1
 .
 N
 .
 holds P
`
	var got bytes.Buffer
	if err := write(&got, own, parts, "/usr/share/common-licenses"); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
	got.Reset()
	if err := write(&got, own, parts, ""); err != nil || !strings.Contains(got.String(), "\n   Version 2.0, January 2004\n") {
		t.Errorf("without the common licences: got %v and\n%s\nwant the whole text", err, got.String())
	}
}

// TestRun describes what is linked into this very test.
func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	root := folder(t, "LICENSE", bsd)
	t.Chdir(folder(t, "LICENSE", expat))
	var folders, out strings.Builder
	for _, m := range info.Deps {
		fmt.Fprintf(&folders, "%s %s\n", m.Path, folder(t, "LICENSE", expat))
	}
	if err := run(strings.NewReader(folders.String()), &out, root, "", []string{self}); err != nil {
		t.Fatal(err)
	}
	if want := "Comment: the standard library of " + runtime.Version() + "\n"; !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nwant %q in it", out.String(), want)
	}
	line := regexp.MustCompile(`^([A-Z][A-Za-z-]*:( .*)?| .*|)$`)
	for l := range strings.Lines(out.String()) {
		if !line.MatchString(strings.TrimSuffix(l, "\n")) {
			t.Errorf("%q is no line of a field", l)
		}
	}
	if err := run(strings.NewReader(""), &out, root, "", []string{filepath.Join(root, "LICENSE")}); err == nil {
		t.Error("a file that is no program is taken for one")
	}
}
