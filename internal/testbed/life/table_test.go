// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// table is what was seen, row by row.
type table struct{ rows []string }

func (t *table) add(kind, row, seen string, took time.Duration) {
	t.rows = append(t.rows, fmt.Sprintf("%s\t%s\t%s\t%.1f s", kind, row, seen, took.Seconds()))
}

func (t *table) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "host\trow\tseen\ttook")
	for _, row := range t.rows {
		fmt.Fprintln(w, row)
	}
	w.Flush()
	return text.String()
}
