// SPDX-License-Identifier: MIT

// Command foreign puts MCP servers that nobody here wrote behind the daemon, on a real
// tailnet that lives and dies with it, and judges what two callers see of them: what a
// server lists by itself, by clients of both eras, and nothing of each other's state. Then
// the command lines of real assistants list them, directly and through tailscale-mcp-proxy.
//
// It prints a table and ends with status 1 if something is not as it has to be.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.modules, "modules", "", "the `FOLDER` of the installed packages")
	flag.StringVar(&o.node, "node", "", "the `PROGRAM` that runs them")
	flag.StringVar(&o.gosdk, "gosdk", "", "the everything-server of the Go SDK")
	flag.BoolVar(&o.clients, "clients", true, "have the command lines of assistants list the servers")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := judge(ctx, o); err != nil {
		fmt.Println("foreign:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to do
	}
}

// options are the command line.
type options struct {
	modules, node, gosdk string
	clients              bool
}

func judge(ctx context.Context, o options) (err error) {
	began := time.Now()
	st, err := newStage(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if closing := st.Close(); err == nil {
			err = closing
		}
	}()
	t := &table{}
	for _, s := range servers(o, st.folder) {
		if err := st.put(ctx, s); err != nil {
			return err
		}
		for _, modern := range []bool{false, true} {
			t.row(s.name, modern, st.tried(ctx, s, modern))
		}
	}
	if o.clients {
		for _, c := range assistants(o) {
			t.rows(c.name, st.told(ctx, c))
		}
	}
	t.print()
	if t.failed {
		fmt.Println("\nThe daemon said:\n" + st.daemon.Log.String())
		return fmt.Errorf("something is not as it has to be")
	}
	fmt.Printf("\n%d servers that nobody here wrote, in %s\n", len(servers(o, st.folder)), time.Since(began).Round(100*time.Millisecond))
	return nil
}
