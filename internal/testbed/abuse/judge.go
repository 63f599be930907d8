// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"time"

	"tailscale-mcp/internal/testbed/measure"
)

// What an attack may cost.
const (
	mostMemory      = 256  // MiB of the daemon's, at its peak
	mostDescriptors = 2048 // of the daemon
	// moreDescriptors is how many more tailscaled may have than before: the calls
	// in flight of one caller, and those of alice.
	moreDescriptors = 80
	// mostRefusals is how many requests the API may have to refuse: those that are
	// under way, in all of the daemon's slots, when it refuses the first.
	mostRefusals = 8
	// fewestCalls is how many of alice's a row needs to say anything of her.
	fewestCalls = 5
)

// result is what was seen in one row.
type result struct {
	row, bind string

	// alice's
	quiet, loaded []time.Duration
	problems      []string // one for each call that failed

	// the attacker's
	sent, least int // attempts, and how many there have to be
	answers     map[string]int
	held        int
	honest      bool
	floods      bool     // it waits for its answers
	wants       []string // answers that there have to be

	// the daemon's
	peak        float64 // MiB
	descriptors int
	ended       string // what it said last, if it has ended by itself

	tailscaledBefore, tailscaledPeak int
	carried                          bool // every connection is one of tailscaled's too
	refusals                         int  // requests that the API has had to refuse
	refusalsJudged                   bool // whether that matters
	recovered                        time.Duration
	trail                            *trail // of a row about the audit
}

// split tells apart what alice did before the attack and under it.
func (r *result) split(calls []sample, began time.Time) {
	for _, c := range calls {
		if c.Began.Before(began) {
			r.quiet = append(r.quiet, c.Took)
		} else {
			r.loaded = append(r.loaded, c.Took)
		}
		switch {
		case c.Problem != "":
			r.problems = append(r.problems, c.Problem)
		case c.Took > tooLate:
			r.problems = append(r.problems, "took "+c.Took.Round(time.Millisecond).String())
		}
	}
}

// longest is the longest that alice waited under the attack.
func (r *result) longest() time.Duration { return measure.Quantile(r.loaded, 1) }

// faults says what is wrong with what was seen; nothing when the row has passed.
func (r *result) faults() (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if r.ended != "" {
		add("the daemon ended under the attack; it said last: %s", r.ended)
	}
	if n := len(r.problems); n > 0 {
		add("%d of alice's %d calls failed: %s", n, len(r.quiet)+len(r.loaded), counted(r.problems))
	}
	if r.peak > mostMemory {
		add("the daemon took %.0f MiB, want at most %d", r.peak, mostMemory)
	}
	if r.descriptors > mostDescriptors {
		add("the daemon had %d descriptors, want at most %d", r.descriptors, mostDescriptors)
	}
	if more := r.tailscaledPeak - r.tailscaledBefore; more > moreDescriptors && !r.carried {
		add("tailscaled had %d descriptors more than before (%d), want at most %d", more, r.tailscaledBefore, moreDescriptors)
	}
	if r.refusalsJudged && r.refusals > mostRefusals {
		add("the API had to refuse %d requests, want at most %d", r.refusals, mostRefusals)
	}
	if r.trail != nil {
		all = append(all, r.trail.faults()...)
	}
	if refused := r.refusedWork(); r.honest && len(refused) > 0 {
		add("honest work was not all answered: %s", printed(refused))
	}
	if len(all) == 0 {
		return r.doubts()
	}
	return all
}

// doubts says why a row without faults would prove nothing: one in which nothing
// happened must not pass.
func (r *result) doubts() (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if len(r.quiet) < fewestCalls || len(r.loaded) < fewestCalls {
		add("alice called %d times before the attack and %d times under it, want at least %d each", len(r.quiet), len(r.loaded), fewestCalls)
	}
	if r.sent < r.least || r.sent == 0 {
		add("the attack was not whole: %d attempts, want %d", r.sent, r.least)
	}
	if n := r.answers[unsent]; n > 0 {
		add("%d attempts did not get as far as the daemon", n)
	}
	if r.floods && r.answers[hungUp]+r.answers[partly] == r.sent {
		add("not one of %d requests was answered: a longer attack may tell more (-seconds)", r.sent)
	}
	for _, want := range r.wants {
		if r.answers[want] == 0 {
			add("no attempt was answered %q: not all of it has happened", want)
		}
	}
	if n := r.answers[partly]; n > r.sent/2 {
		add("%d attempts of %d were not sent, or in part only", n, r.sent)
	}
	if r.ended == "" && (r.peak <= 0 || r.descriptors == 0 || r.tailscaledBefore == 0 || r.tailscaledPeak == 0) {
		add("nothing was measured: %.0f MiB, descriptors %d of the daemon and %d, %d of tailscaled", r.peak, r.descriptors, r.tailscaledBefore, r.tailscaledPeak)
	}
	return all
}

// refusedWork is what was not answered as it was asked.
func (r *result) refusedWork() map[string]int {
	bad := map[string]int{}
	for how, n := range r.answers {
		if !good(how) {
			bad[how] = n
		}
	}
	return bad
}

// counted sums up texts.
func counted(texts []string) string {
	counts := map[string]int{}
	for _, text := range texts {
		counts[text]++
	}
	return printed(counts)
}
