// SPDX-License-Identifier: MIT

package internal

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSecurityPage: what packaging/doc/security.md says is shown by tests and
// files that there are, and a part that names none says that there is none.
func TestSecurityPage(t *testing.T) {
	text, err := os.ReadFile("../packaging/doc/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	parts := strings.Split(string(text), "\n### ")[1:]
	if len(parts) < 15 {
		t.Fatalf("got %d parts", len(parts))
	}
	for _, part := range parts {
		title, _, _ := strings.Cut(part, "\n")
		_, shown, found := strings.Cut(part, "\nShown by: ")
		if !found && !strings.Contains(part, "no test of the project") && !strings.Contains(part, "WireGuard") {
			t.Errorf("%s: nothing shows it, and it does not say so", title)
		}
		for _, name := range regexp.MustCompile(`\bTest[A-Z]\w*`).FindAllString(shown, -1) {
			if !tests[name] {
				t.Errorf("%s: there is no test %s", title, name)
			}
		}
	}
	for _, m := range regexp.MustCompile("`((?:internal|systemd|packaging)/[^`]+)`").FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat("../" + m[1]); err != nil {
			t.Errorf("there is no %s", m[1])
		}
	}
}

// testNames are the names of all tests of the project.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	for _, dir := range []string{".", "../cmd", "../systemd"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range function.FindAllStringSubmatch(string(text), -1) {
				names[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
