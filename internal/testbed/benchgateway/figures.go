// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tailscale-mcp/internal/testbed/load"
	"tailscale-mcp/internal/testbed/measure"
)

// figures are what was measured of one contestant; what failed is not among the values.
type figures struct {
	values   map[*row]float64
	problems []string
}

const (
	largeSize = 10 << 20
	// some is how many callers there are in the middle row of memory.
	some = 20
)

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// speed measures everything but memory and behaviour. All take turns, round by round, each
// time beside a pipe to the server, which is the floor: what it takes is taken off.
func speed(ctx context.Context, program string, all []contestant, o options, progress io.Writer) (floor map[*row]float64, of []figures, err error) {
	p, err := startPipe(ctx, program)
	if err != nil {
		return nil, nil, err
	}
	defer p.stop()
	of, floor = make([]figures, len(all)), map[*row]float64{}
	gateways := make([]*running, len(all))
	callers := make([]*client, len(all))
	for i, c := range all {
		of[i].values = map[*row]float64{}
		if gateways[i], err = c.start(ctx); err != nil {
			return nil, nil, fmt.Errorf("starting %s: %w", c.name, err)
		}
		defer gateways[i].stop()
		if callers[i], err = connect(ctx, gateways[i].url, c.revision, alice); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	if err := cold(ctx, program, all, gateways, o, floor, of); err != nil {
		return nil, nil, err
	}
	base, samples := map[*row][]float64{}, make([]map[*row][]float64, len(all))
	for round := range o.rounds {
		fmt.Fprintf(progress, "round %d of %d\n", round+1, o.rounds)
		one, many, _, err := warm(ctx, p.call, 0, o.each)
		if err != nil {
			return nil, nil, fmt.Errorf("a pipe: %w", err)
		}
		enter(base, one, many, load.Sample{}, load.Sample{})
		for i, c := range all {
			got1, got32, cpu, err := warm(ctx, callers[i].echo, gateways[i].pid, o.each)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if samples[i] == nil {
				samples[i] = map[*row][]float64{}
			}
			enter(samples[i], got1, got32, one, many)
			samples[i][&cpuMany] = append(samples[i][&cpuMany], float64(cpu)/float64(time.Microsecond))
		}
	}
	medians(floor, base)
	for i := range all {
		medians(of[i].values, samples[i])
		if err := large(ctx, callers[i], gateways[i].pid, o.large, &of[i]); err != nil {
			of[i].problems = append(of[i].problems, fmt.Sprintf("%s: results of 10 MiB: %v", all[i].name, err))
		}
	}
	return floor, of, ctx.Err()
}

// cold measures the first answer to callers who are new, beside starting the server by hand.
func cold(ctx context.Context, program string, all []contestant, gateways []*running, o options, floor map[*row]float64, of []figures) error {
	var byHand []time.Duration
	took := make([][]time.Duration, len(all))
	for n := range o.starts {
		began := time.Now()
		p, err := startPipe(ctx, program)
		if err != nil {
			return err
		}
		if _, err := p.call(ctx); err != nil {
			return err
		}
		byHand = append(byHand, time.Since(began))
		p.stop()
		for i, c := range all {
			began = time.Now()
			who, err := connect(ctx, gateways[i].url, c.revision, stranger(n))
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if _, err := who.echo(ctx); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			took[i] = append(took[i], time.Since(began))
			who.close(ctx)
		}
	}
	floor[&coldStart] = milliseconds(measure.Median(byHand))
	for i := range all {
		of[i].values[&coldStart] = milliseconds(measure.Median(took[i]))
	}
	return nil
}

// warm measures calls one after the other and 32 at once; cpu is what the process took of
// the processor for one of the latter, if there is a process.
func warm(ctx context.Context, ask func(ctx context.Context) ([]byte, error), pid int, each time.Duration) (one, many load.Sample, cpu time.Duration, err error) {
	if _, err := load.Run(ctx, 8, each/4, ask); err != nil { // warm up
		return one, many, 0, err
	}
	if one, err = load.Run(ctx, 1, each, ask); err != nil {
		return one, many, 0, err
	}
	var before, after measure.Usage
	if pid != 0 {
		if before, err = measure.One(pid); err != nil {
			return one, many, 0, err
		}
	}
	began := time.Now()
	if many, err = load.Run(ctx, 32, each, ask); err != nil || pid == 0 {
		return one, many, 0, err
	}
	calls := many.Rate * time.Since(began).Seconds()
	after, err = measure.One(pid)
	return one, many, time.Duration(float64(after.CPU-before.CPU) / calls), err
}

func enter(into map[*row][]float64, one, many, base1, base32 load.Sample) {
	for r, value := range map[*row]float64{
		&warmP50: milliseconds(one.P50), &rateOne: one.Rate, &rateMany: many.Rate,
		&addedP50: milliseconds(one.P50 - base1.P50), &addedP99: milliseconds(one.P99 - base1.P99),
		&addedP50Many: milliseconds(many.P50 - base32.P50), &addedP99Many: milliseconds(many.P99 - base32.P99),
	} {
		into[r] = append(into[r], value)
	}
}

func medians(into map[*row]float64, samples map[*row][]float64) {
	for r, values := range samples {
		into[r] = measure.Median(values)
	}
}

// large asks for results of 10 MiB, one after the other.
func large(ctx context.Context, c *client, pid, times int, f *figures) error {
	var took []time.Duration
	for range times {
		began := time.Now()
		if _, err := c.call(ctx, "say", fmt.Sprintf(`{"lines":[],"size":%d}`, largeSize)); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	u, err := measure.One(pid)
	f.values[&largeP50], f.values[&largePeak] = milliseconds(measure.Median(took)), u.Peak
	return err
}

// memory reads the memory of a gateway that has just been started, with more and more
// callers who each have made a call.
func memory(ctx context.Context, c contestant, o options, f *figures) error {
	g, err := c.start(ctx)
	if err != nil {
		return err
	}
	defer g.stop()
	for n := range o.callers {
		who, err := connect(ctx, g.url, c.revision, stranger(n))
		if err != nil {
			return fmt.Errorf("caller %d: %w", n+1, err)
		}
		defer who.http.CloseIdleConnections()
		if _, err := who.echo(ctx); err != nil {
			return fmt.Errorf("caller %d: %w", n+1, err)
		}
		for at, r := range map[int]*row{1: &memoryFirst, some: &memorySome, o.callers: &memoryAll} {
			if n+1 != at {
				continue
			}
			u, err := measure.One(g.pid)
			if err != nil {
				return err
			}
			f.values[r] = u.Resident
		}
	}
	mib, processes, err := measure.Proportional(append(g.beside(), g.pid)...)
	if err != nil {
		return fmt.Errorf("the memory of its servers: %w (root may read it)", err)
	}
	f.values[&processesAll], f.values[&wholeAll] = float64(processes), mib
	return nil
}
