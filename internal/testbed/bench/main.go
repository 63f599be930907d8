// SPDX-License-Identifier: MIT

// Command bench measures what the stack costs, each figure beside a floor or a
// peer measured in the same run, so that the ratios mean something on any
// machine. It asserts nothing: a slow machine is not a broken one.
//
// Calls come over loopback, and WhoIs is asked of a real tailscaled: to the
// server they look as if they came from a peer's Tailscale address.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"tailscale-mcp/internal/testbed"
)

func main() {
	seconds := flag.Float64("seconds", 2, "how long each row is measured, in seconds")
	calls := flag.Int("calls", 100_000, "calls between the two readings of the daemon's memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, time.Duration(*seconds*float64(time.Second)), *calls); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func bench(ctx context.Context, each time.Duration, calls int) error {
	tn, err := testbed.Start(ctx, testbed.Options{UseInstalled: true, Progress: os.Stderr})
	if err != nil {
		return err
	}
	defer tn.Close()
	nodes, err := tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "alice-laptop", Login: "alice@example.com"})
	if err != nil {
		return err
	}
	server, alice := nodes[0], nodes[1]
	if err := tn.SetGrants(ctx, server, testbed.Grant{
		Src: []*testbed.Node{alice}, Cap: capability, Values: []string{`{"tools":["*"],"resources":["*"]}`},
	}); err != nil {
		return err
	}
	if err := stackRows(ctx, server, alice, each); err != nil {
		return err
	}
	if err := toolRows(ctx, tn, server, alice, each); err != nil {
		return err
	}
	if err := answerRows(ctx, server, alice, each); err != nil {
		return err
	}
	return memory(ctx, server, alice, calls)
}
