// SPDX-License-Identifier: MIT

package internal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	// mostFiles is how many files a package may have, tests aside: as many as a reader
	// keeps apart.
	mostFiles = 15
	// mostLines is how long one of them may be.
	mostLines = 300
)

// TestSizes: every package of the product can be read at one sitting, and every file of
// it on a few screens. Files for other systems count: they are read too. What is larger
// is cut where one subject ends, see CONTRIBUTING.md.
func TestSizes(t *testing.T) {
	for name, p := range list(t) {
		if !product(name) {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			n++
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if lines := bytes.Count(text, []byte("\n")); lines > mostLines {
				t.Errorf("%s/%s has %d lines, at most %d are allowed: cut it where a subject ends", name, filepath.Base(file), lines, mostLines)
			}
		}
		if n > mostFiles {
			t.Errorf("%s has %d files besides its tests, at most %d are allowed: give a subject of it a package of its own", name, n, mostFiles)
		}
	}
}
