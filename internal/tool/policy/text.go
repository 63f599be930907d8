// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
	"unicode"
)

// visible is a text in which nothing can hide from the person who reads it: what
// cannot be seen is escaped.
func visible(s string) string {
	var shown strings.Builder
	for _, r := range s {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			shown.WriteRune(r)
		} else {
			fmt.Fprintf(&shown, "\\u%04x", r)
		}
	}
	return shown.String()
}

// list keeps a refusal readable, however much the API has found.
func list(findings []finding) string {
	const most = 6000
	var all []string
	for _, f := range findings {
		for _, text := range append(f.Errors, f.Warnings...) {
			all = append(all, strings.TrimPrefix(f.User+": "+text, ": "))
		}
	}
	s := visible(strings.Join(all, "; "))
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s\n... and %d bytes more", strings.ToValidUTF8(s[:most], ""), len(s)-most)
}
