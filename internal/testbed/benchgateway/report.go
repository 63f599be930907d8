// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// report is everything that one run found out.
type report struct {
	all    []contestant
	floor  map[*row]float64
	of     []figures
	scenes [][]verdict // by scene and contestant
	load   string      // average number of processes that wanted to run, before
	when   time.Time
	o      options
}

// conditions says under what the figures came about.
func (r *report) conditions() string {
	return fmt.Sprintf("%s, %d processors, shared by client, gateway and server, load average before %s; medians of %d rounds of %v each, and of %d new callers. "+
		"The server is one of ours in Go, which answers through a pipe in %.3f ms (%.0f calls/s with 1 in flight, %.0f with 32) and takes %.1f ms from its start to its first answer; "+
		"\"added\" is what a call takes over that pipe, HTTP included. Callers come over loopback, each from an address of their own, and ours asks a real tailscaled who the one under load is. "+
		"Memory of the gateway is the resident memory of its process alone, and that of all processes is what they take together (PSS): servers, and our launchers.",
		r.when.Format(time.DateOnly), runtime.NumCPU(), r.load, r.o.rounds, r.o.each, r.o.starts,
		r.floor[&warmP50], r.floor[&rateOne], r.floor[&rateMany], r.floor[&coldStart])
}

// tables are those of the figures and of the scenes, their heads first. The last column of
// the former says whether ours is ahead.
func (r *report) tables() [][][]string {
	head := []string{""}
	for _, c := range r.all {
		head = append(head, c.name)
	}
	table := [][]string{append(head, "ahead?")}
	for _, row := range rows {
		line := []string{strings.ReplaceAll(row.title, "all callers", fmt.Sprint(r.o.callers, " callers"))}
		for _, f := range r.of {
			cell := "fails"
			if value, ok := f.values[row]; ok {
				cell = row.text(value)
			}
			line = append(line, cell)
		}
		table = append(table, append(line, r.ahead(row)))
	}
	played := [][]string{append([]string{"case", "wanted"}, table[0][1:len(table[0])-1]...)}
	for i, verdicts := range r.scenes {
		line := []string{scenes[i].title, scenes[i].wanted}
		for _, v := range verdicts {
			mark := "✗ "
			if v.good {
				mark = "✓ "
			}
			line = append(line, mark+v.text)
		}
		played = append(played, line)
	}
	return [][][]string{table, played}
}

// ahead says whether ours is better than each of the others in a row, and by how much of
// the nearest. Who keeps one process for all callers is compared with ours when that does.
func (r *report) ahead(row *row) string {
	if row.count {
		return ""
	}
	least, behind, level := 0.0, "", false
	for i, c := range r.all {
		own := slices.IndexFunc(r.all, func(o contestant) bool { return o.ours && o.shares == c.shares })
		other, measured := r.of[i].values[row]
		value, ours := r.of[own].values[row]
		if c.ours || !measured {
			continue
		}
		if !ours {
			return "no: it fails"
		}
		times := other / max(value, 1e-9)
		if row.more {
			times = value / max(other, 1e-9)
		}
		switch {
		case row.better(other, value):
			return fmt.Sprintf("no: %.2f of %s", times, c.name)
		case !row.better(value, other):
			level = true
		case least == 0 || times < least:
			least = times
		}
		if first, ok := r.of[0].values[row]; c.shares && ok && row.better(other, first) {
			behind = "; by default not of " + c.name + ", by its design"
		}
	}
	switch {
	case level:
		return "level" + behind
	case least == 0:
		return "nobody to compare"
	}
	return fmt.Sprintf("yes, %.1f times", least) + behind
}

// broken is an error of scenes that did not end as they are to end, of ours.
func (r *report) broken() (err error) {
	for i, verdicts := range r.scenes {
		for j, v := range verdicts {
			if r.all[j].ours && !r.all[j].shares && !v.good {
				err = errors.Join(err, fmt.Errorf("%s, %s: %s", r.all[j].name, scenes[i].title, v.text))
			}
		}
	}
	return err
}

// Markers of the part of packaging/doc/gateway.md that markdown writes.
const (
	beginMarker = "<!-- bench-gateway: begin -->"
	endMarker   = "<!-- bench-gateway: end -->"
)

// markdown writes what packaging/doc/gateway.md shows, markers included.
func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "%s\n`make bench-gateway` measures this (with `BENCH_GATEWAY=-markdown` it prints this part of the page): %s\n", beginMarker, r.conditions())
	for _, table := range r.tables() {
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
	for _, f := range r.of {
		for _, problem := range f.problems {
			fmt.Fprintf(w, "\nFails: %s.\n", problem)
		}
	}
	fmt.Fprintln(w, endMarker)
}

// text writes the report for a terminal, with columns of one width each.
func (r *report) text(w io.Writer) {
	fmt.Fprintln(w, r.conditions())
	for _, table := range r.tables() {
		fmt.Fprintln(w)
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
}
