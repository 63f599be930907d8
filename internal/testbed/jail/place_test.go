// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/host"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/unit"
)

const (
	// patience bounds every wait for what should be there in a moment.
	patience = 30 * time.Second
	// probePath is the probe on a host: what is below /usr every server sees.
	probePath = "/usr/local/bin/probe"
)

// place is a host with servers behind the gateway, and somebody else in its tailnet.
type place struct {
	*host.Host
	peer *testbed.Node
}

// put boots a host and installs what the packages would, the probe, and servers that are
// the probe: their names, with what their entries have under "tailscale".
func put(t *testing.T, opts host.Options, servers map[string]string) *place {
	t.Helper()
	opts.Tailscale = true
	h := host.Boot(t, opts)
	peer, err := h.Peer(t.Context(), testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	p := &place{Host: h, peer: peer}
	tree := t.TempDir()
	for name, to := range map[string]string{
		"cmd/tailscale-mcp": "usr/bin/tailscale-mcp", "cmd/tailscale-mcp-launch": "usr/lib/tailscale-mcp/launch",
		"cmd/tailscale-mcp-generator": "usr/lib/systemd/system-generators/tailscale-mcp-generator",
		"internal/testbed/jail/probe": probePath,
	} {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(tree, to), "tailscale-mcp/"+name)
		build.Env = append(build.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v: %s", name, err, out)
		}
	}
	if runtime.GOARCH == "amd64" {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(tree, probePath+"-32"), "tailscale-mcp/internal/testbed/jail/probe")
		build.Env = append(build.Environ(), "CGO_ENABLED=0", "GOARCH=386")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("building the probe for 32 bits: %v: %s", err, out)
		}
	}
	if err := p.CopyDir(t.Context(), tree, "/"); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		unit.Target: "systemd/system/" + unit.Target, "tailscale-mcp.service": "systemd/system/tailscale-mcp.service",
		"sysusers.d/tailscale-mcp.conf": "sysusers.d/tailscale-mcp.conf", "tmpfiles.d/tailscale-mcp.conf": "tmpfiles.d/tailscale-mcp.conf",
	} {
		text, err := os.ReadFile(filepath.Join("../../../systemd", from))
		if err != nil {
			t.Fatal(err)
		}
		p.write(t, "/usr/lib/"+to, string(text), 0o644)
	}
	p.do(t, `chmod 755 /usr/local/bin /usr/lib/tailscale-mcp
		ln -s /tmp /usr/lib/tailscale-mcp/tmp
		systemd-sysusers tailscale-mcp.conf; systemd-tmpfiles --create tailscale-mcp.conf
		useradd --create-home ann`)
	furnish(t, p)
	for name, ours := range servers {
		p.entry(t, name, ours)
	}
	p.do(t, "systemctl daemon-reload; systemctl start "+unit.Target+"; systemctl start "+strings.Join(sockets(servers), " "))
	return p
}

func sockets(servers map[string]string) (all []string) {
	for name := range servers {
		all = append(all, unit.SocketName(name))
	}
	return all
}

func (p *place) entry(t *testing.T, name, ours string) {
	t.Helper()
	p.write(t, "/etc/tailscale-mcp/servers.d/"+name+".json",
		`{"command": "`+probePath+`", "args": ["serve"], "env": {"TOKEN": "kept-by-one"}, "tailscale": `+ours+`}`, 0o640)
	p.do(t, "chgrp "+unit.Group+" /etc/tailscale-mcp/servers.d/"+name+".json")
}

func (p *place) write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := p.Write(t.Context(), path, text, mode); err != nil {
		t.Fatal(err)
	}
}

// do runs a command line on the host, which must succeed.
func (p *place) do(t *testing.T, line string) string {
	t.Helper()
	out, err := p.Run(t.Context(), "sh", "-euc", line)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// result is what came of a probe.
type result struct {
	OK    bool
	Value json.RawMessage
	Error string
	Errno string
}

// who is what a probe says of itself.
type who struct {
	PID, Parent, UID    int
	Groups              []int
	Home, Temp, Shared  string
	Address, Key, Creds string
	FD                  int
}

// fill replaces what stands for something of this probe in the arguments of another.
func (w who) fill(args []string) []string {
	r := strings.NewReplacer("{pid}", fmt.Sprint(w.PID), "{home}", w.Home, "{temp}", w.Temp, "{shared}", w.Shared,
		"{address}", w.Address, "{key}", w.Key, "{fd}", fmt.Sprint(w.FD), "{credentials}", w.Creds)
	filled := make([]string, len(args))
	for i, arg := range args {
		filled[i] = r.Replace(arg)
	}
	return filled
}

// instance is a running server.
type instance struct {
	*process.Process
	server string
	conn   net.Conn
}

// cut goes away without a word, as a daemon that was killed.
func (in *instance) cut() { _ = in.conn.Close() }

func (p *place) dial(ctx context.Context, server string) (net.Conn, error) {
	path, err := p.Path(unit.SocketPath(server))
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// try starts an instance as the daemon does.
func (p *place) try(ctx context.Context, server string) (*instance, error) {
	var conn net.Conn
	running, err := process.Start(ctx, process.Options{
		Server: server, ClientName: "jail", ClientVersion: "1", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
		Dial: func(ctx context.Context) (c net.Conn, err error) {
			conn, err = p.dial(ctx, server)
			return conn, err
		},
	})
	if err != nil {
		return nil, err
	}
	return &instance{running, server, conn}, nil
}

// start starts an instance that ends with the test.
func (p *place) start(t *testing.T, server string) *instance {
	t.Helper()
	in, err := p.try(t.Context(), server)
	if err != nil {
		t.Fatalf("%v; its journal:\n%s", err, p.do(t, "journalctl --boot --no-pager --lines=40 -u 'tailscale-mcp-server-"+server+"@*' -t systemd"))
	}
	t.Cleanup(func() { in.End(nil) })
	return in
}

// call calls a tool and returns the text of its result.
func (in *instance) call(ctx context.Context, tool string, args map[string]any) (string, error) {
	params, err := json.Marshal(map[string]any{"name": tool, "arguments": args})
	if err != nil {
		return "", err
	}
	answer, err := in.Ask(ctx, process.Question{Method: "tools/call", Params: params})
	if err != nil {
		return "", err
	}
	var r struct{ Content []struct{ Text string } }
	if err := json.Unmarshal(answer, &r); err != nil || len(r.Content) != 1 {
		return "", fmt.Errorf("not the result of a tool (%v): %.200s", err, answer)
	}
	return r.Content[0].Text, nil
}

// inner is a way into a server.
type inner interface {
	call(ctx context.Context, tool string, args map[string]any) (string, error)
}

// inside tries probes inside a server.
func inside(t *testing.T, in inner, probes ...[]string) []result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	text, err := in.call(ctx, "try", map[string]any{"probes": probes})
	if err != nil {
		t.Fatal(err)
	}
	return results(t, text, len(probes))
}

// outside tries them in a service without a sandbox: of an account, or of root. As services do, it has what the host's
// container filters too, which is then not taken for the sandbox's doing.
func (p *place) outside(t *testing.T, as string, probes ...[]string) []result {
	t.Helper()
	text, err := json.Marshal(probes)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Run(t.Context(), "systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--uid="+as, "sh", "-c", probePath+` try "$0"; exit $?`, string(text))
	if err != nil {
		t.Fatal(err)
	}
	return results(t, out, len(probes))
}

func results(t *testing.T, text string, n int) (all []result) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != n {
		t.Fatalf("want what came of %d probes, got %v: %s", n, err, text)
	}
	for _, r := range all {
		if r.Errno == "USAGE" {
			t.Fatal(r.Error)
		}
	}
	return all
}

// held has an instance make what others can try.
func held(t *testing.T, p *place, in inner) (w who) {
	t.Helper()
	r := inside(t, in, []string{"hold"})[0]
	if err := json.Unmarshal(r.Value, &w); err != nil {
		t.Fatalf("%v: %s", err, r.Error)
	}
	w.Creds = "/run/credentials/" + p.unitOf(t, w.PID)
	return w
}

// heldBy has a process of an account do the same outside.
func (p *place) heldBy(t *testing.T, as string) (w who) {
	t.Helper()
	cmd, err := p.Command(t.Context(), "setpriv", "--reuid="+as, "--regid="+as, "--init-groups", "env", "HOME=/home/"+as, "TOKEN=kept-by-one", probePath, "hold")
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &w); err != nil || w.PID == 0 {
		t.Fatalf("%v: %s", err, line)
	}
	return w
}

// groupOf is the control group of a process of the host's.
func (p *place) groupOf(t *testing.T, pid int) string {
	t.Helper()
	return "/sys/fs/cgroup" + p.do(t, fmt.Sprintf("sed -n 's/^0:://p' /proc/%d/cgroup", pid))
}

// unitOf is the unit that it belongs to.
func (p *place) unitOf(t *testing.T, pid int) string {
	t.Helper()
	return filepath.Base(p.groupOf(t, pid))
}
