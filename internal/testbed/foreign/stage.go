// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/launching"
	"tailscale-mcp/internal/testbed/running"
)

const capability = "jaxxstorm.com/cap/mcp"

// stage is a tailnet with the daemon, and servers behind it.
type stage struct {
	dir    string // the built programs
	folder string // what the filesystem server gives
	tn     *testbed.Tailnet
	server *testbed.Node
	alice  *testbed.Node
	bob    *testbed.Node
	host   *launching.Host
	daemon *running.Daemon
	names  []string // of the servers behind the daemon
}

func newStage(ctx context.Context, o options) (st *stage, err error) {
	st = &stage{}
	defer func() {
		if err != nil {
			_ = st.Close()
		}
	}()
	if st.dir, err = os.MkdirTemp("", "tailscale-mcp-foreign-"); err != nil {
		return st, err
	}
	st.folder = filepath.Join(st.dir, "docs")
	if err := os.MkdirAll(filepath.Join(st.dir, "home"), 0o700); err != nil {
		return st, err
	}
	if err := os.MkdirAll(st.folder, 0o700); err != nil {
		return st, err
	}
	if err := os.WriteFile(filepath.Join(st.folder, "plan.txt"), []byte("The plan.\n"), 0o600); err != nil {
		return st, err
	}
	if err := errors.Join(running.Build(ctx, st.dir), launching.Build(ctx, st.dir)); err != nil {
		return st, err
	}
	// The path of a socket has little room.
	dir, err := os.MkdirTemp("", "mcp")
	if err != nil {
		return st, err
	}
	st.host = launching.New(dir, st.dir)
	if st.tn, err = testbed.Start(ctx, testbed.Options{UseInstalled: true, Progress: os.Stderr}); err != nil {
		return st, err
	}
	nodes, err := st.tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "alice-laptop", Login: "alice@example.com"},
		testbed.NodeOptions{Name: "bob-laptop", Login: "bob@example.com"},
	)
	if err != nil {
		return st, err
	}
	st.server, st.alice, st.bob = nodes[0], nodes[1], nodes[2]
	// The assistants reach it by a port of loopback that leads through alice's tailscaled.
	st.daemon, err = running.Start(ctx, st.dir, st.server.Socket, 0, append(st.host.Environ(), "TAILSCALE_MCP_HOSTNAMES=localhost")...)
	return st, err
}

// Close ends everything that was started.
func (st *stage) Close() error {
	var errs []error
	if st.daemon != nil {
		errs = append(errs, st.daemon.Stop())
	}
	if st.host != nil {
		st.host.Wait()
		errs = append(errs, os.RemoveAll(st.host.Dir))
	}
	if st.tn != nil {
		errs = append(errs, st.tn.Close())
	}
	if st.dir != "" {
		errs = append(errs, os.RemoveAll(st.dir))
	}
	return errors.Join(errs...)
}

// put has a server be behind the daemon, approved, and granted to both callers.
func (st *stage) put(ctx context.Context, s server) error {
	if err := st.host.Write(s.name, s.entry); err != nil {
		return err
	}
	if err := st.host.Listen(s.name); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(st.dir, running.Server), "server", "approve", s.name, "--suggested", "--yes")
	cmd.Env = append(st.host.Environ(), "PATH="+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("approving %s: %w: %s", s.name, err, out)
	}
	st.names = append(st.names, s.name)
	entry := `{"tools":[`
	resources, prompts := `],"resources":[`, `],"prompts":[`
	for i, name := range st.names {
		if i > 0 {
			entry, resources, prompts = entry+",", resources+",", prompts+","
		}
		entry, resources, prompts = entry+`"`+name+`/*"`, resources+`"`+name+`/*"`, prompts+`"`+name+`/*"`
	}
	return st.tn.SetGrants(ctx, st.server, testbed.Grant{Src: []*testbed.Node{st.alice, st.bob}, Cap: capability, Values: []string{entry + resources + prompts + `]}`}})
}

// url is where a server is.
func (st *stage) url(server string) string {
	return fmt.Sprintf("http://%s:%d/%s/mcp", st.server.Name, st.daemon.Port, server)
}

// of is a client of somebody, from when the server is there for them.
func (st *stage) of(ctx context.Context, n *testbed.Node, server string, modern bool) (c *client, err error) {
	var h *http.Client = n.HTTPClient()
	err = running.Await(ctx, within, func() error {
		c, err = begin(ctx, h, st.url(server), modern)
		return err
	})
	return c, err
}
