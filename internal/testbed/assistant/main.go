// SPDX-License-Identifier: MIT

// Command assistant asks what administrators ask: 25 tasks in a company of 25 people and 60
// devices, each as the calls that a reader of the list of tools would make, and judges the
// answers by what the company's data says. It prints what each took, beside what the same
// tasks took before there were tools for them, and fails if one cannot be done, is answered
// wrongly, or costs too much.
//
// The control server, tailscaled on seven of the devices, tailscale-mcp with its default
// limits and tailscale-mcp-proxy are real; only the Tailscale API is a fake. What is to be
// answered is computed by package expect, which knows neither the product's policy nor its
// tools.
//
// With -stay it asks nothing and keeps the company, for a real model: it prints what to
// enter in a client, and the tasks.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
)

func main() {
	stay := flag.Bool("stay", false, "ask nothing, and keep the company until interrupted, for a client of your own")
	only := flag.String("task", "", "only these tasks, by number, separated by commas")
	trace := flag.Bool("trace", false, "print every call with its answer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	chosen, err := choose(*only)
	if err == nil && *stay {
		err = keep(ctx, chosen)
	} else if err == nil {
		err = run(ctx, chosen, *trace)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "assistant:", err)
		stop()
		os.Exit(1)
	}
}

// choose returns the tasks of a list of numbers, or all, in their order.
func choose(only string) ([]task, error) {
	all := tasks()
	slices.SortFunc(all, func(a, b task) int { return a.number - b.number })
	if only == "" {
		return all, nil
	}
	var some []task
	for _, text := range strings.Split(only, ",") {
		n, err := strconv.Atoi(text)
		i := slices.IndexFunc(all, func(t task) bool { return t.number == n })
		if err != nil || i < 0 {
			return nil, fmt.Errorf("-task %s: there are tasks 1 to %d", text, len(all))
		}
		some = append(some, all[i])
	}
	return some, nil
}

// run plays the tasks, prints the table and judges.
func run(ctx context.Context, chosen []task, trace bool) (err error) {
	began := time.Now()
	st, err := newStage(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	at, err := st.assistants(ctx, trace)
	if err != nil {
		return err
	}
	defer func() {
		for _, a := range at {
			a.leave()
		}
	}()
	var results []result
	for _, one := range chosen {
		if trace {
			fmt.Printf("\n== %d. %s\n", one.number, one.words)
		}
		before := len(st.api.Requests())
		results = append(results, st.attempt(ctx, one, at))
		if trace {
			fmt.Printf("\n%d requests to the Tailscale API\n", len(st.api.Requests())-before)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	print(os.Stdout, results)
	fmt.Printf("\nIt took %s.\n", time.Since(began).Round(100*time.Millisecond))
	if unexpected := st.api.Unexpected(); len(unexpected) > 0 {
		return fmt.Errorf("the API was asked something that it does not document: %+v", unexpected)
	}
	return judge(results)
}

// assistants are everybody's: alice has two, of which that at her desk can ask her.
func (st *stage) assistants(ctx context.Context, trace bool) (at map[string]*assistant, err error) {
	at = map[string]*assistant{}
	defer func() {
		if err != nil {
			for _, a := range at {
				a.leave()
			}
		}
	}()
	for _, device := range []string{company.Alice, company.Desk, company.Rita, company.Dan, company.Agent} {
		a, err := st.assistant(ctx, device, device == company.Desk)
		if err != nil {
			return at, err
		}
		if at[device] = a; trace {
			a.trace = func(format string, args ...any) { fmt.Printf(format, args...) }
		}
	}
	return at, nil
}
