// SPDX-License-Identifier: MIT

package main

import "fmt"

// row is one line of the table of figures.
type row struct {
	title  string
	format string
	more   bool    // more is better
	budget float64 // at most, or with more at least; 0 for none
}

// The rows, in the order of the table.
var (
	startTime    = row{title: "start to first answer, ms", format: "%.0f", budget: 50}
	addedP50     = row{title: "added p50, 1 in flight, ms", format: "%.2f", budget: 0.3}
	addedP99     = row{title: "added p99, 1 in flight, ms", format: "%.2f"}
	addedP50Many = row{title: "added p50, 32 in flight, ms", format: "%.2f"}
	addedP99Many = row{title: "added p99, 32 in flight, ms", format: "%.2f"}
	rateOne      = row{title: "calls/s, 1 in flight", format: "%.0f", more: true}
	rateMany     = row{title: "calls/s, 32 in flight", format: "%.0f", more: true, budget: 4000}
	rateStreams  = row{title: "calls/s, 32 in flight, answers as event streams", format: "%.0f", more: true}
	rateModern   = row{title: "calls/s, 32 in flight, revision " + modern, format: "%.0f", more: true}
	cpuMany      = row{title: "processor time a call, 32 in flight, µs", format: "%.0f"}
	idleMemory   = row{title: "memory at rest, MiB", format: "%.1f", budget: 20}
	peakMemory   = row{title: "memory at most with large answers, MiB", format: "%.0f"}
	peakMultiple = row{title: "the same in sizes of the message", format: "%.1f", budget: 4}
)

var rows = []*row{
	&startTime, &addedP50, &addedP99, &addedP50Many, &addedP99Many, &rateOne, &rateMany, &rateStreams, &rateModern,
	&cpuMany, &idleMemory, &peakMemory, &peakMultiple,
}

func (r *row) text(value float64) string { return fmt.Sprintf(r.format, value) }

// better reports whether a is better than b in this row. Those that read the
// same in the table are level.
func (r *row) better(a, b float64) bool {
	if r.text(a) == r.text(b) {
		return false
	}
	if r.more {
		return a > b
	}
	return a < b
}

// met reports whether a value is within the budget.
func (r *row) met(value float64) bool {
	if r.more {
		return value >= r.budget
	}
	return value <= r.budget
}
