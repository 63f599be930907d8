// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeIsShort: whoever comes for the first time reads it to its end.
func TestReadmeIsShort(t *testing.T) {
	info, err := os.Stat("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if most := int64(8 << 10); info.Size() > most {
		t.Errorf("README.md has %d bytes, %d at most: what is looked up belongs to packaging/doc", info.Size(), most)
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinksOfPages: files and headings that the pages refer to are there.
func TestLinksOfPages(t *testing.T) {
	pages, err := filepath.Glob("../../packaging/doc/*.md")
	if err != nil || len(pages) < 5 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	links := 0
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, heading, _ := strings.Cut(m[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s refers to %s, which is not there", page, m[1])
			} else if heading != "" && !strings.Contains(headings(read(t, target)), "\n"+heading+"\n") {
				t.Errorf("%s refers to %s, which has no such heading", page, m[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("found only %d links", links)
	}
}

// headings returns the anchors of a page's headings as GitHub makes them, a line each.
func headings(page string) string {
	anchors := "\n"
	for line := range strings.Lines(page) {
		if text := strings.TrimLeft(line, "#"); text != line {
			text = strings.ToLower(strings.TrimSpace(text))
			anchors += strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(text, ""), " ", "-") + "\n"
		}
	}
	return anchors
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
