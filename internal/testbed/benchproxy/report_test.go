// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"strings"
	"testing"
)

// sampleReport has two contestants; edit changes ours and the other's figures.
func sampleReport(edit func(own, other map[*row]float64, faults [][]verdict)) *report {
	opt, _ := parse(nil, io.Discard)
	own, other := map[*row]float64{}, map[*row]float64{}
	for _, row := range rows {
		own[row], other[row] = 1, 2
		if row.more {
			own[row], other[row] = 20_000, 100
		}
	}
	r := &report{
		names: []string{ours, "other 1.0"}, opt: opt, floor: map[*row]float64{&rateOne: 9000, &rateMany: 30000},
		of: []figures{{name: ours, values: own}, {name: "other 1.0", values: other, problems: []string{"other 1.0, starting: it is | broken"}}},
	}
	for range faults {
		r.faults = append(r.faults, []verdict{{"answered", true}, {"no | answer", false}})
	}
	edit(own, other, r.faults)
	return r
}

func TestBudgets(t *testing.T) {
	tests := []struct {
		name string
		edit func(own, other map[*row]float64, faults [][]verdict)
		want string
	}{
		{"met", func(_, _ map[*row]float64, _ [][]verdict) {}, "start to first answer, ms, at most 50: met (1)"},
		{"just met", func(own, _ map[*row]float64, _ [][]verdict) { own[&startTime] = 50 }, "start to first answer, ms, at most 50: met (50)"},
		{"not met", func(own, _ map[*row]float64, _ [][]verdict) { own[&addedP50] = 0.31 }, "added p50, 1 in flight, ms, at most 0.3: NOT MET (0.31)"},
		{"too few", func(own, _ map[*row]float64, _ [][]verdict) { own[&rateMany] = 3999 }, "calls/s, 32 in flight, at least 4000: NOT MET (3999)"},
		{"missing", func(own, _ map[*row]float64, _ [][]verdict) { delete(own, &idleMemory) }, "memory at rest, MiB, at most 20: not measured"},
		{"ahead", func(_, _ map[*row]float64, _ [][]verdict) {}, "ahead of, or level with, every other proxy in every row: met"},
		{"level", func(own, other map[*row]float64, _ [][]verdict) { other[&idleMemory] = own[&idleMemory] }, "ahead of, or level with, every other proxy in every row: met"},
		{"behind", func(_, other map[*row]float64, f [][]verdict) {
			other[&idleMemory] = 0.6
			f[1] = []verdict{{"error -1", false}, {"answered", true}}
		}, "ahead of every other proxy in every row: NOT MET; behind in: memory at rest, MiB (other 1.0: 0.6); request id 9007199254740993 (other 1.0)"},
		{"only the other", func(own, _ map[*row]float64, _ [][]verdict) { delete(own, &peakMultiple) }, "ahead of every other proxy in every row: NOT MET; behind in: the same in sizes of the message (other 1.0: 2.0)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(sampleReport(tt.edit).budgets(), "\n")
			if !strings.Contains("\n"+got+"\n", "\n"+tt.want+"\n") {
				t.Errorf("got\n%s\nwant the line\n%s", got, tt.want)
			}
		})
	}
	if got := (&report{names: []string{"other 1.0"}}).budgets(); got != nil {
		t.Errorf("without our proxy: got %v", got)
	}
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	sampleReport(func(_, other map[*row]float64, _ [][]verdict) { delete(other, &rateStreams) }).markdown(&b)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if lines[0] != beginMarker || lines[len(lines)-1] != endMarker {
		t.Errorf("not between its markers:\n%s", b.String())
	}
	for _, want := range []string{
		"`make bench-proxy`",
		"`BENCH_PROXY=-markdown`",
		"\n|  | tailscale-mcp-proxy | other 1.0 |\n| --- | --- | --- |\n",
		"\n| calls/s, 32 in flight | 20000 | 100 |\n",
		"\n| calls/s, 32 in flight, answers as event streams | 20000 | fails |\n",
		"\n| case | wanted | tailscale-mcp-proxy | other 1.0 |\n| --- | --- | --- | --- |\n",
		"\n| answer of 30 MiB | answered | ✓ answered | ✗ no \\| answer |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got\n%s\nwant in it\n%s", b.String(), want)
		}
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	sampleReport(func(_, _ map[*row]float64, _ [][]verdict) {}).text(&b)
	for _, want := range []string{
		"calls/s, 32 in flight                            20000                100\n",
		"answer of 30 MiB                                answered                       ✓ answered           ✗ no | answer\n",
		"\nfails: other 1.0, starting: it is | broken\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got\n%s\nwant in it\n%s", b.String(), want)
		}
	}
}
