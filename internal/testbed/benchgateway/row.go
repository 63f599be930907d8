// SPDX-License-Identifier: MIT

package main

import "fmt"

// row is one line of the table of figures.
type row struct {
	title  string
	format string
	more   bool // more is better
	count  bool // said, and not compared
}

// The rows, in the order of the table.
var (
	coldStart    = row{title: "first answer to a new caller, ms", format: "%.1f"}
	warmP50      = row{title: "one call, p50, ms", format: "%.2f"}
	addedP50     = row{title: "added p50, 1 in flight, ms", format: "%.2f"}
	addedP99     = row{title: "added p99, 1 in flight, ms", format: "%.2f"}
	addedP50Many = row{title: "added p50, 32 in flight, ms", format: "%.2f"}
	addedP99Many = row{title: "added p99, 32 in flight, ms", format: "%.2f"}
	rateOne      = row{title: "calls/s, 1 in flight", format: "%.0f", more: true}
	rateMany     = row{title: "calls/s, 32 in flight", format: "%.0f", more: true}
	cpuMany      = row{title: "processor time of the gateway a call, 32 in flight, µs", format: "%.0f"}
	largeP50     = row{title: "a result of 10 MiB, p50, ms", format: "%.0f"}
	largePeak    = row{title: "memory of the gateway at most with these, MiB", format: "%.0f"}
	memoryFirst  = row{title: "memory of the gateway with 1 caller, MiB", format: "%.0f"}
	memorySome   = row{title: "the same with 20 callers", format: "%.0f"}
	memoryAll    = row{title: "the same with all callers", format: "%.0f"}
	processesAll = row{title: "processes with all callers", format: "%.0f", count: true}
	wholeAll     = row{title: "memory of all of these, MiB", format: "%.0f"}
)

var rows = []*row{
	&coldStart, &warmP50, &addedP50, &addedP99, &addedP50Many, &addedP99Many, &rateOne, &rateMany, &cpuMany,
	&largeP50, &largePeak, &memoryFirst, &memorySome, &memoryAll, &processesAll, &wholeAll,
}

func (r *row) text(value float64) string { return fmt.Sprintf(r.format, value) }

// better reports whether a is better than b in this row. Those that read the same are level.
func (r *row) better(a, b float64) bool {
	if r.text(a) == r.text(b) {
		return false
	}
	if r.more {
		return a > b
	}
	return a < b
}
