// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"tailscale-mcp/internal/testbed/load"
	"tailscale-mcp/internal/testbed/measure"
)

// echo is a call of a tool that reads.
func echo(revision string) load.Request {
	return load.Call(revision, "echo", `{"text":"hello"}`)
}

// client calls from an address of loopback.
func client(from net.IP) *http.Client {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	return &http.Client{Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 64}}
}

// stranger is the address of somebody who has not called before.
func stranger(n int) net.IP { return net.IPv4(127, 0, byte(1+n/200), byte(1+n%200)) }

// coldRows compare starting the server by hand with the first call of a new caller.
func coldRows(ctx context.Context, program string, g *running, starts int) error {
	var byHand, behindIt []time.Duration
	for n := range starts {
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

		c := client(stranger(n))
		began = time.Now()
		if _, err := echo(load.Modern).Send(ctx, c, g.url); err != nil {
			return err
		}
		behindIt = append(behindIt, time.Since(began))
		c.CloseIdleConnections()
	}
	fmt.Printf("First answer of a server that has to be started, %d times.\n\n", starts)
	hand, through := measure.Median(byHand), measure.Median(behindIt)
	fmt.Printf("%-36s p50 %10s\n", "started by hand, a pipe", hand.Round(time.Microsecond))
	fmt.Printf("%-36s p50 %10s  p99 %10s  over by hand %s\n", "behind the gateway, a new caller", through.Round(time.Microsecond),
		measure.Quantile(behindIt, 0.99).Round(time.Microsecond), (through - hand).Round(time.Microsecond))
	return nil
}

// warmRows compare calls through a pipe with calls through the gateway.
func warmRows(ctx context.Context, program string, g *running, each time.Duration) error {
	p, err := startPipe(ctx, program)
	if err != nil {
		return err
	}
	defer p.stop()
	fmt.Println("\nOne call of a tool that reads. In flight: 1 and 32. The last column is p50 at 1 over that of the pipe.")
	fmt.Println()
	fmt.Printf("%-36s %10s %10s %12s %10s %12s %10s\n", "", "p50 at 1", "p99 at 1", "calls/s at 1", "p50 at 32", "calls/s at 32", "added")
	direct, err := warmRow(ctx, each, p.call)
	if err != nil {
		return err
	}
	direct.print("a pipe", 0)
	c := client(net.IPv4(127, 0, 0, 1))
	defer c.CloseIdleConnections()
	for _, revision := range []string{load.Legacy, load.Modern} {
		q := echo(revision)
		row, err := warmRow(ctx, each, func(ctx context.Context) ([]byte, error) { return q.Send(ctx, c, g.url) })
		if err != nil {
			return err
		}
		row.print("the gateway, "+revision, direct.one.P50)
	}
	return nil
}

// row is one line of the table.
type row struct{ one, many load.Sample }

func warmRow(ctx context.Context, each time.Duration, ask func(ctx context.Context) ([]byte, error)) (r row, err error) {
	if _, err := load.Run(ctx, 8, each/4, ask); err != nil { // warm up
		return row{}, err
	}
	if r.one, err = load.Run(ctx, 1, each, ask); err != nil {
		return row{}, err
	}
	r.many, err = load.Run(ctx, 32, each, ask)
	return r, err
}

func (r row) print(name string, floor time.Duration) {
	added := ""
	if floor > 0 {
		added = (r.one.P50 - floor).Round(time.Microsecond).String()
	}
	round := func(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
	fmt.Printf("%-36s %10s %10s %12.0f %10s %12.0f %10s\n", name, round(r.one.P50), round(r.one.P99), r.one.Rate, round(r.many.P50), r.many.Rate, added)
}

// memoryRow reads the memory of the gateway's process as it is, and with callers connected
// who have a process of the server each.
func memoryRow(ctx context.Context, g *running, callers int) error {
	before, err := measure.Tree(g.cmd.Process.Pid)
	if err != nil {
		return err
	}
	var clients []*http.Client
	defer func() {
		for _, c := range clients {
			c.CloseIdleConnections()
		}
	}()
	for n := range callers {
		c := client(stranger(n))
		clients = append(clients, c)
		if _, err := echo(load.Modern).Send(ctx, c, g.url); err != nil {
			return fmt.Errorf("caller %d: %w", n, err)
		}
	}
	after, err := measure.Tree(g.cmd.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("\nResident memory of the gateway: %.1f MiB after the load, %.1f MiB with %d callers connected, each with a process (launchers and servers not counted)\n",
		before.Resident, after.Resident, callers)
	return nil
}
