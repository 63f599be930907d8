// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/testbed/measure"
)

func printHeader() {
	fmt.Printf("%-16s %-6s %5s %6s %9s %9s %9s %5s %6s %10s  %-4s  %s\n", "", "",
		"alice", "", "longest", "", "quiet", "MiB,", "descr.", "of tail-", "", "the attacker's")
	fmt.Printf("%-16s %-6s %5s %6s %9s %9s %9s %5s %6s %10s  %-4s  %s\n", "attack", "bind",
		"calls", "failed", "wait", "p50", "p50", "peak", "peak", "scaled", "", "answers")
}

func (r *result) print() {
	word := "ok"
	faults := r.faults()
	if len(faults) > 0 {
		word = "FAIL"
	}
	answers := printed(r.answers)
	if r.held > 0 {
		answers += fmt.Sprintf("; %d still open", r.held)
	}
	if r.refusalsJudged {
		answers += fmt.Sprintf("; the API refused %d requests", r.refusals)
	}
	if r.trail != nil {
		answers += "; " + r.trail.String()
	}
	if r.recovered > time.Second {
		answers += fmt.Sprintf("; tailscaled itself again %s later", short(r.recovered))
	}
	fmt.Printf("%-16s %-6s %5d %6d %9s %9s %9s %5.0f %6d %10s  %-4s  %s\n", r.row, r.bind,
		len(r.quiet)+len(r.loaded), len(r.problems), short(r.longest()), short(measure.Median(r.loaded)), short(measure.Median(r.quiet)),
		r.peak, r.descriptors, fmt.Sprintf("%d→%d", r.tailscaledBefore, r.tailscaledPeak), word, answers)
	for _, fault := range faults {
		fmt.Printf("%-16s %s\n", "", fault)
	}
}

// printed lists what was counted, the most frequent first.
func printed(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%d × %s", counts[name], name))
	}
	return strings.Join(parts, ", ")
}

func short(d time.Duration) string {
	if d >= time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}
