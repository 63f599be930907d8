// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// table is what was found.
type table struct {
	lines  []string
	failed bool
}

// found is what was found of one thing: a word about it, or why it is wrong.
type found struct {
	what string
	says string
	err  error
}

// row adds what was found of a server by clients of one era.
func (t *table) row(server string, modern bool, all []found) {
	t.rows(fmt.Sprintf("%s\t%s", server, map[bool]string{false: legacy, true: newest}[modern]), all)
}

func (t *table) rows(name string, all []found) {
	var said []string
	for _, f := range all {
		if f.err != nil {
			t.failed = true
			said = append(said, fmt.Sprintf("%s: WRONG: %v", f.what, f.err))
			continue
		}
		said = append(said, f.what+" "+f.says)
	}
	if strings.Contains(name, "\t") {
		t.lines = append(t.lines, name+"\t"+strings.Join(said, ", "))
		return
	}
	t.lines = append(t.lines, name+"\t\t"+strings.Join(said, ", "))
}

func (t *table) print() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "server or client\tera\tfound")
	for _, line := range t.lines {
		fmt.Fprintln(w, line)
	}
	_ = w.Flush()
}
