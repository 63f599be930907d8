// SPDX-License-Identifier: MIT

// Command benchproxy measures stdio proxies of MCP against one fast server on
// loopback, in one run: ours, two of the most used, and one that works in the
// way the first one for a tailnet did. It then plays them the faults that
// proxies meet, and says what each did. It asserts nothing about time: a slow
// machine is not a broken one.
//
// For the figures, the server is a process of its own and the client is this
// one, the same for every proxy and for the floor. The client is one goroutine
// that writes lines and reads lines, so that it takes little of the processors
// that all share. Every case of the faults has a proxy and a server of its own,
// the latter in this process; the proxies play theirs side by side.
//
// Everything is bounded: calls and time by the flags, waiting by -wait.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	calls    int
	time     time.Duration
	rounds   int
	starts   int
	message  int // MiB
	messages int
	wait     time.Duration
	only     []string
	proxy    string // path of ours; built when ""
	markdown bool
}

func parse(args []string, says io.Writer) (*options, error) {
	opt := &options{only: everybody()}
	fs := flag.NewFlagSet("benchproxy", flag.ContinueOnError)
	fs.SetOutput(says)
	fs.IntVar(&opt.calls, "calls", 8000, "calls in one measurement, at most")
	fs.DurationVar(&opt.time, "time", 2*time.Second, "how long one measurement takes, at most")
	fs.IntVar(&opt.rounds, "rounds", 3, "rounds of measurements; the figures are their medians")
	fs.IntVar(&opt.starts, "starts", 7, "starts of each proxy")
	fs.IntVar(&opt.message, "message", 30, "size of a large answer, in MiB")
	fs.IntVar(&opt.messages, "messages", 10, "number of large answers")
	fs.DurationVar(&opt.wait, "wait", 5*time.Second, "how long an answer may take in the cases of faults")
	fs.StringVar(&opt.proxy, "proxy", "", "path of our proxy; without it, one is built")
	fs.BoolVar(&opt.markdown, "markdown", false, "write what packaging/doc/proxy.md shows")
	fs.Func("only", "the proxies to measure, comma-separated: "+strings.Join(everybody(), ", "), func(s string) error {
		opt.only = strings.Split(s, ",")
		for _, name := range opt.only {
			if !slices.Contains(everybody(), name) {
				return fmt.Errorf("there is no %q", name)
			}
		}
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if min(opt.calls, opt.rounds, opt.starts, opt.message, opt.messages) < 1 || min(opt.time, opt.wait) <= 0 {
		err := errors.New("numbers and times must be positive")
		fmt.Fprintln(says, err)
		return nil, err
	}
	return opt, nil
}

func main() {
	if os.Getenv(asServer) != "" {
		serve()
		return
	}
	opt, err := parse(os.Args[1:], os.Stderr)
	if err != nil {
		os.Exit(2) // the flags have said why
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, opt, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchproxy:", err)
		os.Exit(1)
	}
}

// run measures and writes the report.
func run(ctx context.Context, opt *options, out, progress io.Writer) error {
	r, err := bench(ctx, opt, progress)
	if err != nil {
		return err
	}
	if opt.markdown {
		r.markdown(out)
		r.remarks(progress)
		return nil
	}
	r.text(out)
	return nil
}

func bench(ctx context.Context, opt *options, progress io.Writer) (*report, error) {
	dir, err := os.MkdirTemp("", "bench-proxy-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	socket, stop, err := serveTailscaled(dir)
	if err != nil {
		return nil, err
	}
	defer stop()
	all, err := prepare(ctx, opt, dir, socket, progress)
	if err != nil {
		return nil, err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil, err
	}
	r := &report{opt: opt, load: strings.Fields(string(load))[0]}
	for _, c := range all {
		r.names = append(r.names, c.name)
	}
	if r.floor, r.of, err = speed(ctx, all, opt, progress); err != nil {
		return nil, err
	}
	fmt.Fprintln(progress, "faults")
	r.faults = playAll(ctx, all, opt)
	return r, ctx.Err()
}

// playAll plays all faults, those of different contestants side by side.
func playAll(ctx context.Context, all []contestant, opt *options) [][]verdict {
	out := make([][]verdict, len(faults))
	for i := range out {
		out[i] = make([]verdict, len(all))
	}
	var wg sync.WaitGroup
	for j := range all {
		wg.Go(func() {
			for i := range faults {
				s, err := play(ctx, &all[j], &faults[i], opt)
				if err != nil {
					out[i][j] = verdict{"did not start: " + err.Error(), false}
					continue
				}
				out[i][j] = faults[i].verdict(s)
			}
		})
	}
	wg.Wait()
	return out
}
