// SPDX-License-Identifier: MIT

// Command benchgateway measures what gateways cost a caller of a server behind them, beside
// a pipe to the same server in the same run: ours, and two that many use, which npm has. It
// then plays them what servers and callers do to each other, and says what became of it.
//
// It asserts nothing about time: a slow machine is not a broken one. It fails when ours does
// not behave as it is to.
//
// Every gateway is a process of its own, so that its memory is its own. Calls come over
// loopback, and WhoIs of the caller under load is asked of a real tailscaled.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed/load"
)

// options are the flags.
type options struct {
	each                            time.Duration
	rounds, starts, callers, large  int
	wait                            time.Duration
	alone, markdown, figures, serve bool
}

func main() {
	var o options
	seconds := flag.Float64("seconds", 2, "how long each measurement takes, in seconds")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of measurements; the figures are their medians")
	flag.IntVar(&o.starts, "starts", 20, "how many new callers have the server started")
	flag.IntVar(&o.callers, "callers", 100, "how many callers are connected when memory is read; more than 20, and 128 at most")
	flag.IntVar(&o.large, "large", 10, "how many results of 10 MiB are asked for")
	flag.DurationVar(&o.wait, "wait", 5*time.Second, "how long an answer may take in a scene")
	flag.BoolVar(&o.alone, "alone", false, "measure ours alone: needs no npm")
	flag.BoolVar(&o.figures, "figures", false, "play no scenes")
	flag.BoolVar(&o.markdown, "markdown", false, "write what packaging/doc/gateway.md shows")
	flag.BoolVar(&o.serve, "serve", false, "be the gateway that is measured: for this program's own use")
	flag.Parse()
	o.each = time.Duration(*seconds * float64(time.Second))
	if min(o.rounds, o.starts, o.large) < 1 || o.callers <= some || o.callers > 128 {
		fmt.Fprintln(os.Stderr, "bench-gateway: rounds, starts and large are 1 or more, callers more than 20 and 128 at most")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if o.serve {
		err = stage(ctx)
	} else {
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-gateway:", err)
		stop()
		os.Exit(1)
	}
}

// run measures and writes the report.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	own, err := begin(ctx, progress)
	if err != nil {
		return err
	}
	defer own.close()
	all := []contestant{own.contestant("ours, a process a session", behind, load.Legacy), own.contestant("ours, a process a caller, "+load.Modern, behind, load.Modern),
		own.contestant("ours, one process", shared, load.Legacy)}
	if _, err := exec.LookPath("npm"); err != nil && !o.alone && os.Getenv("TEST_REQUIRE_TOOLS") == "" {
		fmt.Fprintln(progress, "SKIPPED: npm is not installed, so no other gateway is measured")
		o.alone = true
	}
	if !o.alone {
		others, err := fromNpm(ctx, own.odd, progress)
		if err != nil {
			return err
		}
		all = append(all, others...)
	}
	average, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	r := &report{all: all, load: strings.Fields(string(average))[0], when: time.Now(), o: o}
	if r.floor, r.of, err = speed(ctx, own.odd, all, o, progress); err != nil {
		return err
	}
	for i, c := range all {
		fmt.Fprintln(progress, "memory of", c.name)
		if err := memory(ctx, c, o, &r.of[i]); err != nil {
			r.of[i].problems = append(r.of[i].problems, c.name+": memory: "+err.Error())
		}
	}
	if !o.figures {
		fmt.Fprintln(progress, "scenes")
		r.scenes = playAll(ctx, all, o)
	}
	if o.markdown {
		r.markdown(out)
	} else {
		r.text(out)
	}
	for _, f := range r.of {
		for _, problem := range f.problems {
			fmt.Fprintln(progress, "fails:", problem)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.broken()
}

// playAll plays all scenes, those of different contestants side by side.
func playAll(ctx context.Context, all []contestant, o options) [][]verdict {
	out := make([][]verdict, len(scenes))
	for i := range out {
		out[i] = make([]verdict, len(all))
	}
	var wg sync.WaitGroup
	for j, c := range all {
		wg.Go(func() {
			for i, sc := range scenes {
				out[i][j] = play(ctx, c, sc, o)
			}
		})
	}
	wg.Wait()
	return out
}
