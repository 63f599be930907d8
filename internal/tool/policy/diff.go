// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"
)

// mostCells bounds the table of the comparison; beyond it, what lies between the
// first and the last change is shown as replaced.
const mostCells = 4 << 20

// difference shows in the unified form, without context, how a text changes.
func difference(old, now string) string {
	a, b := strings.Split(old, "\n"), strings.Split(now, "\n")
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < min(len(a), len(b))-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	a, b = a[start:len(a)-end], b[start:len(b)-end]
	rows := common(a, b)
	var out strings.Builder
	i, j := 0, 0
	inside := false
	for i < len(a) || j < len(b) {
		if rows != nil && i < len(a) && j < len(b) && a[i] == b[j] {
			i, j, inside = i+1, j+1, false
			continue
		}
		if !inside {
			fmt.Fprintf(&out, "@@ -%d +%d @@\n", start+i+1, start+j+1)
			inside = true
		}
		if i < len(a) && (j == len(b) || rows == nil || rows[i+1][j] >= rows[i][j+1]) {
			out.WriteString("-" + a[i] + "\n")
			i++
		} else {
			out.WriteString("+" + b[j] + "\n")
			j++
		}
	}
	return out.String()
}

// common is the length of the longest common subsequence of a[i:] and b[j:].
func common(a, b []string) [][]int32 {
	if (len(a)+1)*(len(b)+1) > mostCells {
		return nil
	}
	rows := make([][]int32, len(a)+1)
	for i := range rows {
		rows[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				rows[i][j] = rows[i+1][j+1] + 1
			} else {
				rows[i][j] = max(rows[i+1][j], rows[i][j+1])
			}
		}
	}
	return rows
}
