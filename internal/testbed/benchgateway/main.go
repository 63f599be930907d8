// SPDX-License-Identifier: MIT

// Command benchgateway measures what the gateway costs a caller of a server behind it,
// beside a pipe to the same server in the same run. It asserts nothing: a slow machine is
// not a broken one.
//
// The gateway is a process of its own, so that its memory is its own. Calls come over
// loopback, and WhoIs of the caller under load is asked of a real tailscaled.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/launching"
	"tailscale-mcp/internal/upstream/pin"
)

const (
	capability = "jaxxstorm.com/cap/mcp"
	// behind is the name of the server behind the gateway.
	behind = "odd"
)

func main() {
	seconds := flag.Float64("seconds", 2, "how long each row is measured, in seconds")
	starts := flag.Int("starts", 20, "how often the server is started, by hand and by the gateway")
	callers := flag.Int("callers", 100, "how many callers are connected when memory is read; 128 at most")
	serve := flag.Bool("serve", false, "be the gateway that is measured: for this program's own use")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *serve {
		err = stage(ctx)
	} else {
		err = bench(ctx, time.Duration(*seconds*float64(time.Second)), *starts, *callers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-gateway:", err)
		stop()
		os.Exit(1)
	}
}

func bench(ctx context.Context, each time.Duration, starts, callers int) error {
	programs, err := os.MkdirTemp("", "tailscale-mcp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(programs)
	if err := launching.Build(ctx, programs, "internal/testbed/servers/odd"); err != nil {
		return err
	}
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
	if err := tn.SetGrants(ctx, server, testbed.Grant{Src: []*testbed.Node{alice}, Cap: capability, Values: []string{grants}}); err != nil {
		return err
	}
	dir := filepath.Join(programs, "servers.d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	host := launching.New(dir, programs)
	odd := filepath.Join(programs, "odd")
	if err := host.Write(behind, launching.Entry{Command: odd, Ours: json.RawMessage(`{"max":128}`)}); err != nil {
		return err
	}
	if err := host.Listen(behind); err != nil {
		return err
	}
	if err := host.Approve(ctx, behind, pin.Approval{Classes: map[string]grant.Class{"echo": grant.Read}}); err != nil {
		return err
	}
	g, err := startStage(ctx, stageOptions{Dir: dir, Audit: filepath.Join(programs, "audit.jsonl"), Socket: server.Socket, Self: server.StableID(), Alice: alice.IPv4().String()})
	if err != nil {
		return err
	}
	defer host.Wait()
	defer g.stop()
	if err := coldRows(ctx, odd, g, starts); err != nil {
		return err
	}
	if err := warmRows(ctx, odd, g, each); err != nil {
		return err
	}
	return memoryRow(ctx, g, callers)
}
