// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"unicode/utf8"
)

// report is everything that one run found out.
type report struct {
	names  []string // of the contestants; ours first, when it takes part
	floor  map[*row]float64
	of     []figures   // by contestant
	faults [][]verdict // by fault and contestant
	load   string      // average number of processes that wanted to run, before
	opt    *options
}

// conditions says under what the figures came about.
func (r *report) conditions() string {
	return fmt.Sprintf("%d processors, shared by client, proxy and server (a process each), load average before %s; medians of %d rounds of at most %d calls or %v, of %d starts; "+
		"revision %s unless a row says otherwise. \"Added\" is the quantile through the proxy less the one straight over HTTP, measured beside it "+
		"(%.0f calls/s with 1 in flight, %.0f with %d). Memory is that of the process with its children; large answers are %d of %d MiB each, one after another.",
		runtime.NumCPU(), r.load, r.opt.rounds, r.opt.calls, r.opt.time, r.opt.starts, legacy, r.floor[&rateOne], r.floor[&rateMany], many, r.opt.messages, r.opt.message)
}

// figureCells is the table of figures.
func (r *report) figureCells() [][]string {
	table := [][]string{append([]string{""}, r.names...)}
	for _, row := range rows {
		line := []string{row.title}
		for _, f := range r.of {
			cell := "fails"
			if value, ok := f.values[row]; ok {
				cell = row.text(value)
			}
			line = append(line, cell)
		}
		table = append(table, line)
	}
	return table
}

// faultCells is the table of faults.
func (r *report) faultCells() [][]string {
	table := [][]string{append([]string{"case", "wanted"}, r.names...)}
	for i := range r.faults {
		line := []string{faults[i].title(r.opt), faults[i].wanted}
		for _, v := range r.faults[i] {
			mark := "✗ "
			if v.good {
				mark = "✓ "
			}
			line = append(line, mark+v.text)
		}
		table = append(table, line)
	}
	return table
}

// budgets compares what our proxy did with what it is to do.
func (r *report) budgets() []string {
	if len(r.names) == 0 || r.names[0] != ours {
		return nil
	}
	var out []string
	for _, row := range rows {
		if row.budget == 0 {
			continue
		}
		bound := "at most"
		if row.more {
			bound = "at least"
		}
		value, measured := r.of[0].values[row]
		verdict := "not measured"
		switch {
		case measured && row.met(value):
			verdict = "met (" + row.text(value) + ")"
		case measured:
			verdict = "NOT MET (" + row.text(value) + ")"
		}
		out = append(out, fmt.Sprintf("%s, %s %v: %s", row.title, bound, row.budget, verdict))
	}
	if len(r.names) > 1 {
		out = append(out, r.ahead())
	}
	return out
}

// ahead says in which rows another proxy is ahead of ours.
func (r *report) ahead() string {
	var behind []string
	for _, row := range rows {
		own, measured := r.of[0].values[row]
		for _, other := range r.of[1:] {
			if value, ok := other.values[row]; ok && (!measured || row.better(value, own)) {
				behind = append(behind, fmt.Sprintf("%s (%s: %s)", row.title, other.name, row.text(value)))
			}
		}
	}
	for i, verdicts := range r.faults {
		for j, v := range verdicts[1:] {
			if v.good && !verdicts[0].good {
				behind = append(behind, faults[i].title(r.opt)+" ("+r.names[j+1]+")")
			}
		}
	}
	if len(behind) == 0 {
		return "ahead of, or level with, every other proxy in every row: met"
	}
	return "ahead of every other proxy in every row: NOT MET; behind in: " + strings.Join(behind, "; ")
}

// text writes the report for a terminal.
func (r *report) text(w io.Writer) {
	fmt.Fprintln(w, r.conditions())
	for _, table := range [][][]string{r.figureCells(), r.faultCells()} {
		fmt.Fprintln(w)
		aligned(w, table)
	}
	fmt.Fprintln(w)
	r.remarks(w)
}

// remarks writes what is no table: budgets, and why figures are missing.
func (r *report) remarks(w io.Writer) {
	for _, line := range r.budgets() {
		fmt.Fprintln(w, line)
	}
	for _, f := range r.of {
		for _, problem := range f.problems {
			fmt.Fprintln(w, "fails:", problem)
		}
	}
}

// Markers of the part of packaging/doc/proxy.md that markdown writes.
const (
	beginMarker = "<!-- bench-proxy: begin -->"
	endMarker   = "<!-- bench-proxy: end -->"
)

// markdown writes what packaging/doc/proxy.md shows, markers included.
func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "%s\n`make bench-proxy` measures this (with `BENCH_PROXY=-markdown` it prints this part of the page): %s\n", beginMarker, r.conditions())
	for _, table := range [][][]string{r.figureCells(), r.faultCells()} {
		fmt.Fprintln(w)
		for i, line := range table {
			for j := range line {
				line[j] = strings.ReplaceAll(line[j], "|", `\|`)
			}
			fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
			if i == 0 {
				fmt.Fprintln(w, "|"+strings.Repeat(" --- |", len(line)))
			}
		}
	}
	fmt.Fprintln(w, endMarker)
}

// aligned writes a table with columns of one width each.
func aligned(w io.Writer, table [][]string) {
	widths := make([]int, len(table[0]))
	for _, line := range table {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range table {
		var b strings.Builder
		for i, cell := range line {
			b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
