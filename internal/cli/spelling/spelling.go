// SPDX-License-Identifier: MIT

// Package spelling finds the name that was probably meant by a misspelt one. It
// imports the standard library only.
package spelling

import "strings"

// Nearest returns the known name that was probably meant by word, and "" where
// none is likely: a wrong guess misleads more than no guess. Likely is a name that
// has the whole word in it, or differs in a quarter of its letters at most, and in
// one letter at least.
func Nearest(word string, known []string) string {
	if len(word) < 3 {
		return ""
	}
	best, least := "", max(len(word)/4, 1)+1
	for _, name := range known {
		d := Distance(word, name)
		if strings.Contains(name, word) {
			d = min(d, 1)
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
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
