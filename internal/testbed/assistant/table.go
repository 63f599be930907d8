// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"time"
)

// What all tasks may take together.
const (
	mostCalls = 60
	mostBytes = 120_000
)

// bytesPerToken is the rough measure by which the figures of before were made, too.
const bytesPerToken = 4

// print writes the table of what the tasks took, beside what they took before.
func print(w io.Writer, results []result) {
	fmt.Fprintf(w, "%-3s %-44s %-14s %-6s %-22s %-7s\n", "#", "task", "calls (before)", "ideal", "bytes (before)", "tokens out")
	for _, r := range results {
		fmt.Fprintf(w, "%-3d %-44s %5d %-8s %5d  %7d %-14s %7d", r.number, r.title, r.calls, "("+r.before.calls+")", r.ideal, r.bytes, "("+r.before.bytes+")", r.out/bytesPerToken)
		switch err := r.passed(); {
		case err != nil:
			fmt.Fprintf(w, "  FAILED: %v", err)
		case r.note != "":
			fmt.Fprintf(w, "  %s", r.note)
		}
		fmt.Fprintln(w)
	}
	all := sum(results)
	fmt.Fprintf(w, "%-3s %-44s %5d %-8s %5s  %7d %-14s %7d\n", "", "together", all.calls, "", "", all.bytes, "", all.out/bytesPerToken)
	if all.waited > 0 {
		fmt.Fprintf(w, "\nThe limits are the default ones, which are for the speed of people and models: %s were spent on pauses.\n", all.waited.Round(time.Second))
	}
}

// sum is what all tasks took.
func sum(results []result) (all cost) {
	for _, r := range results {
		all.calls += r.calls
		all.bytes += r.bytes
		all.out += r.out
		all.waited += r.waited
	}
	return all
}

// judge says what is wrong with the tasks as a whole, the first of it.
func judge(results []result) error {
	failed := 0
	for _, r := range results {
		if r.passed() != nil {
			failed++
		}
	}
	switch all := sum(results); {
	case failed > 0:
		return fmt.Errorf("%d of %d tasks failed", failed, len(results))
	case all.calls > mostCalls:
		return fmt.Errorf("%d calls together, at most %d are allowed", all.calls, mostCalls)
	case all.bytes > mostBytes:
		return fmt.Errorf("%d bytes together, at most %d are allowed", all.bytes, mostBytes)
	}
	return nil
}
