// SPDX-License-Identifier: MIT

package clitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ManualFile is where a manual page is, such as tailscale-mcp.8, seen from a package
// anywhere below the root.
func ManualFile(page string) string {
	up := "."
	for range 6 {
		if _, err := os.Stat(filepath.Join(up, "packaging", "man")); err == nil {
			break
		}
		up = filepath.Join("..", up)
	}
	return filepath.Join(up, "packaging", "man", page)
}

// Manual is a manual page in mdoc, by section.
func Manual(t *testing.T, page string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(ManualFile(page))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(text), "\n.Sh ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		sections[name] = body
	}
	return sections
}

// Lint holds that mandoc has nothing to say against the page.
func Lint(t *testing.T, page string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), Need(t, "mandoc"), "-Tlint", "-W", "warning", ManualFile(page)).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// All are the submatches of a pattern in text, in order and each once.
func All(pattern, text string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?m)"+pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// FlagsIn are the flags that head the items of a list in mdoc, as they are typed.
func FlagsIn(text string) []string {
	var found []string
	for _, head := range All(`^\.It (Fl .*)$`, text) {
		for _, m := range regexp.MustCompile(`\bFl (Fl )?([a-z][a-z-]*)`).FindAllStringSubmatch(head, -1) {
			found = append(found, map[bool]string{true: "--", false: "-"}[m[1] != ""]+m[2])
		}
	}
	slices.Sort(found)
	return found
}

// MentionsNo flag but the known ones, anywhere in a page.
func MentionsNo(t *testing.T, page map[string]string, known []string) {
	t.Helper()
	for name, text := range page {
		for _, pattern := range []string{`\bFl Fl ([a-z][a-z-]*)`, `\bFl ([a-z][a-z-]*)`, ` --([a-z][a-z-]*)`, `"--([a-z][a-z-]*)`} {
			for _, flag := range All(pattern, text) {
				if !slices.Contains(known, flag) {
					t.Errorf("the section %s of the manual page mentions the option %s, which there is not", name, flag)
				}
			}
		}
	}
}
