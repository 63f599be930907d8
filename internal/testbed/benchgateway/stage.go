// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"tailscale.com/client/local"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/gateway"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/upstream/servers"
	"tailscale-mcp/internal/upstream/unit"
)

// grants give everybody all of both servers.
const grants = `{"tools":["` + behind + `/*","` + shared + `/*"]}`

// stageOptions are what the gateway's process is told.
type stageOptions struct{ Dir, Audit, Socket, Self, Alice string }

// startStage starts this program as the gateway, and returns when it serves a server. Its
// audit is in a folder of its own, below that of the options.
func startStage(ctx context.Context, o stageOptions, server string) (*running, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	o.Audit = filepath.Join(o.Audit, strconv.Itoa(cmd.Process.Pid), "audit.jsonl")
	if err := os.MkdirAll(filepath.Dir(o.Audit), 0o700); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(in).Encode(o); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the gateway does not serve: %w", errors.Join(err, cmd.Wait()))
	}
	return &running{pid: cmd.Process.Pid, url: "http://" + strings.TrimSpace(addr) + "/" + server + "/mcp", stop: func() {
		_ = in.Close() // which ends it
		_ = cmd.Wait()
	}}, nil
}

// stage serves until its input ends: all that a request to the daemon passes behind its
// listener, with the audit of production.
func stage(ctx context.Context) error {
	in := json.NewDecoder(os.Stdin)
	var o stageOptions
	if err := in.Decode(&o); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	registry := gate.NewRegistry(grant.Classes())
	all := servers.New(servers.Options{Dir: o.Dir, Dial: unit.Dialer(o.Dir, true), Registry: registry, Log: log})
	defer all.Close()
	all.Follow(ctx)
	trail := audit.NewTrail(audit.NewFile(o.Audit, func(audit.Event) {}), audit.NewQueue(audit.NewJSONLines(io.Discard), func(audit.Event) {}))
	defer trail.Close()
	g := gateway.New(gateway.Options{
		Servers: all, Version: "bench", Log: log,
		Dispatcher: gate.NewDispatcher(gate.Options{
			Registry: registry, Audit: trail, Digest: trail.Digest, Log: log, Capability: capability,
			Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		}),
	})
	way := front.New(front.Options{
		Resolve: resolve(o, log), Names: func() []string { return []string{"127.0.0.1"} }, Health: func() string { return "up" },
		// Counted as in production; the load of one caller is not to be refused.
		Limits: front.Limits{Connections: 1 << 20, Calls: 1 << 20, Streams: 1 << 20, Rate: 1 << 24},
		Log:    log,
	})
	g.Handle(way)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return err
	}
	srv := way.HTTPServer()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	fmt.Println(l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	g.Drain()
	if err := srv.Close(); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// resolve is who calls: from 127.0.0.1 alice, whom tailscaled knows by the address of her
// node; from any other address of loopback somebody of their own.
func resolve(o stageOptions, log *slog.Logger) func(context.Context, netip.AddrPort) (caller.Caller, error) {
	known := identity.New(identity.Options{
		Tailscaled: &local.Client{Socket: o.Socket, UseSocketOnly: true}, Capability: capability, Log: log,
		Self: func() (string, bool) { return o.Self, true },
	})
	alice := netip.MustParseAddr(o.Alice)
	rules, err := grant.Parse([]string{grants})
	return func(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
		if remote.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
			return known.Resolve(ctx, netip.AddrPortFrom(alice, remote.Port()))
		}
		name := remote.Addr().String()
		return caller.Caller{Login: name + "@example.com", Node: name, NodeID: "n" + name, Addr: remote, Rules: rules}, err
	}
}
