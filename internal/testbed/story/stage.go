// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
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

	daemon *daemon
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
	step("building tailscale-mcp and tailscale-mcp-proxy")
	build := exec.CommandContext(ctx, "go", "build", "-o", st.dir, "tailscale-mcp/cmd/tailscale-mcp", "tailscale-mcp/cmd/tailscale-mcp-proxy")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return st, fmt.Errorf("building: %w", err)
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
	st.daemon, err = st.startDaemon(ctx, "TAILSCALE_API_URL="+st.api.URL(), "TAILSCALE_API_KEY="+fakeapi.DefaultAPIKey, "TAILSCALE_MCP_ALLOW=read,write,destructive,escalating",
		"TAILSCALE_MCP_MAX_API_RATE=600") // nobody asks as fast as this story is told
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
		errs = append(errs, st.daemon.stop())
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

// daemon is a running tailscale-mcp.
type daemon struct {
	cmd  *exec.Cmd
	port int
	// audit is what it writes to standard output.
	audit *output
	log   *output
}

func (st *stage) startDaemon(ctx context.Context, environ ...string) (*daemon, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	d := &daemon{port: port, audit: &output{}, log: &output{}}
	// Not CommandContext: an interrupt ends the daemon by stop, gracefully.
	d.cmd = exec.Command(filepath.Join(st.dir, "tailscale-mcp")) //nolint:noctx // see above
	d.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"TAILSCALE_MCP_TAILSCALED_SOCKET=" + st.server.Socket,
		"TAILSCALE_MCP_PORT=" + strconv.Itoa(port),
		"TAILSCALE_MCP_AUDIT_FILE=" + filepath.Join(st.dir, "audit", "audit.jsonl"),
	}, environ...)
	d.cmd.Stdout, d.cmd.Stderr = d.audit, d.log
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	if err := await(ctx, 15*time.Second, func() error { return healthy(ctx, port) }); err != nil {
		_ = d.stop()
		return nil, fmt.Errorf("tailscale-mcp did not come up: %w\n%s", err, d.log)
	}
	return d, nil
}

// stop ends the daemon as systemd would and reports an end that was not clean.
func (d *daemon) stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(30*time.Second, func() { _ = d.cmd.Process.Kill() })
	defer late.Stop()
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("tailscale-mcp did not end well: %w\n%s", err, d.log)
	}
	return nil
}

func healthy(ctx context.Context, port int) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/healthz", port), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz says %s", res.Status)
	}
	return nil
}

// await tries until check succeeds or the time is over.
func await(ctx context.Context, atMost time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", atMost, err)
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// output collects what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
