// SPDX-License-Identifier: MIT

// Package spelling finds the name that was probably meant by a misspelt one. It
// imports the standard library only.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns the known name that was probably meant by word, and "" where
// none is likely: a wrong guess misleads more than no guess. Likely is a name that
// has the whole word in it, or all of two or more words that _ or - join, or differs in
// a quarter of its letters at most, and in one letter at least.
func Nearest(word string, known []string) string {
	if len(word) < 3 {
		return ""
	}
	best, least := "", max(len(word)/4, 1)+1
	for _, name := range known {
		if strings.Contains(name, word) || within(word, name) {
			if least > 1 {
				best, least = name, 1
			}
			continue
		}
		if max(len(word), len(name))-min(len(word), len(name)) >= least {
			continue // so many letters have to be put in
		}
		if d := Distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// within reports whether all of several words are in a name, as those of list_devices
// are in list_all_devices.
func within(word, name string) bool {
	words := parts(word)
	return len(words) > 1 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(parts(name), w) })
}

func parts(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' })
}

// Distance counts the insertions, deletions, substitutions and exchanges of
// neighbours between a and b (optimal string alignment).
func Distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last = last, row
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitution := last[j-1]
			if a[i-1] != b[j-1] {
				substitution++
			}
			row[j] = min(last[j]+1, row[j-1]+1, substitution)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
