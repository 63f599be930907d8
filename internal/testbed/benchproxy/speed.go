// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tailscale-mcp/internal/testbed/measure"
)

// many is the higher of the two degrees of concurrency.
const many = 32

// figures are what was measured of one contestant. What could not be measured
// is missing, and problems says why.
type figures struct {
	name     string
	values   map[*row]float64
	problems []string
	cannot   map[kind]bool // what it failed at, and is not asked for again
}

func (f *figures) problem(what string, err error) {
	f.problems = append(f.problems, fmt.Sprintf("%s, %s: %v", f.name, what, err))
}

// kind is one kind of call that is timed, and the rows it gives.
type kind struct {
	tool, revision string
	n              int
	rows           kindRows
}

var kinds = []kind{
	{"echo", legacy, 1, kindRows{p50: &addedP50, p99: &addedP99, rate: &rateOne}},
	{"echo", legacy, many, kindRows{p50: &addedP50Many, p99: &addedP99Many, rate: &rateMany, cpu: &cpuMany}},
	{"stream", legacy, many, kindRows{rate: &rateStreams}},
	{"echo", modern, many, kindRows{rate: &rateModern}},
}

// kindRows says which rows a kind of call gives. Latency is what the proxy adds.
type kindRows struct{ p50, p99, rate, cpu *row }

// speed measures everything but faults. All contestants take turns, round by
// round, each time beside the floor; the figures are medians over the rounds.
func speed(ctx context.Context, all []contestant, opt *options, progress io.Writer) (floor map[*row]float64, of []figures, err error) {
	url, stop, err := serveApart(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer stop()
	of = make([]figures, len(all))
	samples := make([]map[*row][]float64, len(all)+1) // the last is the floor
	for i := range samples {
		samples[i] = map[*row][]float64{}
	}
	for i, c := range all {
		of[i] = figures{name: c.name, values: map[*row]float64{}, cannot: map[kind]bool{}}
		starts(ctx, &c, url, opt, &of[i])
	}
	running := make([]*process, len(all))
	defer func() { // those that run by then: one that failed was started anew
		for _, p := range running {
			if p != nil {
				p.kill()
			}
		}
	}()
	for i, c := range all {
		p, _, err := c.open(ctx, url)
		if err != nil {
			of[i].problem("starting", err)
			continue
		}
		running[i] = p
	}
	b := bounds{opt.calls, opt.time}
	for round := range opt.rounds + 1 { // the first is to warm up
		if round > 0 {
			fmt.Fprintf(progress, "round %d of %d\n", round, opt.rounds)
		}
		for _, k := range kinds {
			base, err := direct(ctx, url, k.n, b, k.tool, k.revision)
			if err != nil {
				return nil, nil, fmt.Errorf("without a proxy: %w", err)
			}
			if round > 0 {
				k.rows.enter(samples[len(all)], base, sample{})
			}
			for i := range all {
				if running[i] == nil || of[i].cannot[k] {
					continue
				}
				got, err := through(running[i], k.n, b, k.tool, k.revision)
				switch {
				case ctx.Err() != nil:
					return nil, nil, ctx.Err()
				case err != nil:
					of[i].problem(fmt.Sprintf("calls of %s, revision %s", k.tool, k.revision), err)
					of[i].cannot[k] = true
					running[i] = revive(ctx, &all[i], url, running[i], &of[i])
				case round > 0:
					k.rows.enter(samples[i], got, base)
				}
			}
		}
	}
	floor = medians(samples[len(all)])
	for i := range of {
		for row, value := range medians(samples[i]) {
			of[i].values[row] = value
		}
	}
	for i, c := range all {
		fmt.Fprintf(progress, "large answers through %s\n", c.name)
		idle, peak, err := large(ctx, &c, url, opt.message<<20, opt.messages)
		if err != nil {
			of[i].problem("large answers", err)
			continue
		}
		of[i].values[&idleMemory], of[i].values[&peakMemory] = idle, peak
		of[i].values[&peakMultiple] = peak / float64(opt.message)
	}
	return floor, of, ctx.Err()
}

// revive starts a contestant anew that failed, for what else there is.
func revive(ctx context.Context, c *contestant, url string, old *process, f *figures) *process {
	old.kill()
	p, _, err := c.open(ctx, url)
	if err != nil {
		f.problem("starting again", err)
		return nil
	}
	return p
}

// starts measures how long a contestant takes from its start to the answer to
// initialize.
func starts(ctx context.Context, c *contestant, url string, opt *options, f *figures) {
	var took []time.Duration
	for range opt.starts {
		p, d, err := c.open(ctx, url)
		if err != nil {
			f.problem("starting", err)
			return
		}
		p.kill()
		took = append(took, d)
	}
	f.values[&startTime] = milliseconds(measure.Median(took))
}

func (k kindRows) enter(into map[*row][]float64, got, base sample) {
	add := func(r *row, value float64) {
		if r != nil {
			into[r] = append(into[r], value)
		}
	}
	add(k.p50, milliseconds(got.p50-base.p50))
	add(k.p99, milliseconds(got.p99-base.p99))
	add(k.rate, got.rate)
	if got.cpu > 0 {
		add(k.cpu, float64(got.cpu)/float64(time.Microsecond))
	}
}

func medians(samples map[*row][]float64) map[*row]float64 {
	out := map[*row]float64{}
	for row, values := range samples {
		out[row] = measure.Median(values)
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
