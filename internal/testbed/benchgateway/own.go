// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/launching"
	"tailscale-mcp/internal/upstream/pin"
)

const (
	capability = "jaxxstorm.com/cap/mcp"
	// behind is the name of the server of which each caller has a process, and shared that
	// of the same server with one for all.
	behind, shared = "odd", "shared"
)

// own is what our gateway stands on: a tailnet, and a host with the server.
type own struct {
	programs, odd string
	tailnet       *testbed.Tailnet
	host          *launching.Host
	stage         stageOptions
}

// begin makes it. What was made goes with close, also after an error.
func begin(ctx context.Context, progress io.Writer) (_ *own, err error) {
	o := &own{}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if o.programs, err = os.MkdirTemp("", "tailscale-mcp-bench-"); err != nil {
		return nil, err
	}
	o.odd = filepath.Join(o.programs, "odd")
	if err := launching.Build(ctx, o.programs, "internal/testbed/servers/odd"); err != nil {
		return nil, err
	}
	if o.tailnet, err = testbed.Start(ctx, testbed.Options{UseInstalled: true, Progress: progress}); err != nil {
		return nil, err
	}
	nodes, err := o.tailnet.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "alice-laptop", Login: "alice@example.com"})
	if err != nil {
		return nil, err
	}
	server, alice := nodes[0], nodes[1]
	if err := o.tailnet.SetGrants(ctx, server, testbed.Grant{Src: []*testbed.Node{alice}, Cap: capability, Values: []string{grants}}); err != nil {
		return nil, err
	}
	dir := filepath.Join(o.programs, "servers.d")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	o.host = launching.New(dir, o.programs)
	err = errors.Join(o.add(ctx, behind, `{"max":128}`), o.add(ctx, shared, `{"instance":"shared"}`))
	o.stage = stageOptions{Dir: dir, Audit: filepath.Join(o.programs, "audit"), Socket: server.Socket, Self: server.StableID(), Alice: alice.IPv4().String()}
	return o, err
}

// add puts the server behind the gateway under a name.
func (o *own) add(ctx context.Context, name, ours string) error {
	if err := o.host.Write(name, launching.Entry{Command: o.odd, Ours: json.RawMessage(ours)}); err != nil {
		return err
	}
	if err := o.host.Listen(name); err != nil {
		return err
	}
	return o.host.Approve(ctx, name, pin.Approval{Classes: map[string]grant.Class{"echo": grant.Read}})
}

// contestant is our gateway in front of one of the two.
func (o *own) contestant(name, server, revision string) contestant {
	return contestant{name: name, revision: revision, shares: server == shared, ours: true, start: func(ctx context.Context) (*running, error) {
		g, err := startStage(ctx, o.stage, server)
		if err == nil {
			g.beside = o.host.Pids
		}
		return g, err
	}}
}

func (o *own) close() {
	if o.host != nil {
		o.host.Wait()
	}
	if o.tailnet != nil {
		o.tailnet.Close()
	}
	_ = os.RemoveAll(o.programs)
}
