// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/running"
)

const capability = "jaxxstorm.com/cap/mcp"

// stage is the tailnet with everything that plays on it.
type stage struct {
	dir    string // the built programs
	tn     *testbed.Tailnet
	api    *fakeapi.Server
	server *testbed.Node // tagged tag:mcp; tailscale-mcp runs beside it
	alice  *testbed.Node
	bob    *testbed.Node
	runner *testbed.Node // alice's, until it is tagged tag:ci

	daemon *running.Daemon
	host   *host
}

func newStage(ctx context.Context) (st *stage, err error) {
	fmt.Println("Setting the stage:")
	st = &stage{}
	defer func() {
		if err != nil {
			_ = st.Close()
		}
	}()
	if st.dir, err = os.MkdirTemp("", "tailscale-mcp-story-"); err != nil {
		return st, err
	}
	step("building tailscale-mcp, its launcher of servers, and tailscale-mcp-proxy")
	if err := running.Build(ctx, st.dir); err != nil {
		return st, err
	}
	if st.host, err = st.newHost(ctx); err != nil {
		return st, err
	}
	step("starting a tailnet on this machine: its own control server, and a tailscaled for each node")
	if st.tn, err = testbed.Start(ctx, testbed.Options{UseInstalled: true, Progress: os.Stdout}); err != nil {
		return st, err
	}
	nodes, err := st.tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "alice-laptop", Login: "alice@example.com"},
		testbed.NodeOptions{Name: "bob-laptop", Login: "bob@example.com"},
		testbed.NodeOptions{Name: "ci-runner", Login: "alice@example.com"},
	)
	if err != nil {
		return st, err
	}
	st.server, st.alice, st.bob, st.runner = nodes[0], nodes[1], nodes[2], nodes[3]
	for _, n := range nodes {
		who := n.Login()
		if who == "" {
			who = strings.Join(n.Tags(), ",")
		}
		fmt.Printf("    %-13s %-16s %s\n", n.Name, n.IPv4(), who)
	}
	step("a fake of the Tailscale API that knows the same devices")
	if st.api, err = fakeapi.Start(fakeapi.Options{MagicDNSDomain: st.tn.Domain(), QuietLog: true, Obey: st.tn.SendPolicy}); err != nil {
		return st, err
	}
	st.api.SetDevices(devices(nodes))
	step("tailscale-mcp on ts-mcp, with an API credential; this host offers every class of tools")
	st.daemon, err = st.startDaemon(ctx, append(st.host.Environ(),
		"TAILSCALE_API_URL="+st.api.URL(), "TAILSCALE_API_KEY="+fakeapi.DefaultAPIKey, "TAILSCALE_MCP_ALLOW=read,write,destructive,escalating",
		"TAILSCALE_MCP_MAX_API_RATE=600")...) // nobody asks as fast as this story is told
	return st, err
}

// devices are the tailnet's nodes as the API would show them.
func devices(nodes []*testbed.Node) []fakeapi.Device {
	var out []fakeapi.Device
	for _, n := range nodes {
		out = append(out, fakeapi.Device{
			NodeID: n.StableID(), Name: n.FQDN(), Hostname: n.Name, OS: "linux", User: n.Login(), Tags: n.Tags(),
			Addresses: []string{n.IPv4().String(), n.IPv6().String()}, ConnectedToControl: true, Authorized: true,
		})
	}
	return out
}

// Close ends everything that was started, and says if something would not end.
func (st *stage) Close() error {
	var errs []error
	if st.daemon != nil {
		errs = append(errs, st.daemon.Stop())
	}
	if st.host != nil {
		errs = append(errs, st.host.Close())
	}
	if st.tn != nil {
		errs = append(errs, st.tn.Close())
	}
	if st.api != nil {
		st.api.Close()
	}
	if st.dir != "" {
		errs = append(errs, os.RemoveAll(st.dir))
	}
	return errors.Join(errs...)
}

func (st *stage) startDaemon(ctx context.Context, environ ...string) (*running.Daemon, error) {
	return running.Start(ctx, st.dir, st.server.Socket, 0, environ...)
}
