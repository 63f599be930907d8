// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed"
)

// Options say what a host is.
type Options struct {
	// Release is Bookworm or Trixie.
	Release string

	// Udev gives the host device units. Without it the host is like an LXC container.
	Udev bool

	// WithoutBPF is a host whose container does not allow bpf: its systemd takes IPAddressAllow= and
	// IPAddressDeny= and does nothing with them.
	WithoutBPF bool

	// Tailscale installs tailscaled, as a unit, and logs it in; see Host.InstallTailscale and Host.Join.
	Tailscale bool

	// Node says as what it is logged in. Its name is the host's, "host" when empty, with or without Tailscale.
	Node testbed.NodeOptions

	// Tailnet is the tailnet to be on, which has Options.Namespaces; Boot makes one when it is nil.
	Tailnet *testbed.Tailnet

	// Progress is told about the tree being made, which takes minutes the first time; os.Stderr when nil.
	Progress io.Writer
}

// Host is a running host.
type Host struct {
	Name    string
	Tailnet *testbed.Tailnet
	Node    *testbed.Node // the host in the tailnet; nil before Join
	LAN     netip.Addr    // the host's address on the bridge, where it meets neighbours who are not in the tailnet

	opts    Options
	group   string // its control group
	cmd     *exec.Cmd
	life    *os.File      // the host ends when this end of the pipe is closed, in whatever way this process ends
	done    chan struct{} // closed when it has ended
	console *console
}

//go:embed boot.sh
var bootScript string

// Two shells around boot.sh: one that is in the host's own control group, and one that removes it at the end.
const (
	keepScript  = `mkdir "$1"; sh -euc "$2" "$@"; status=$?; find "$1" -depth -type d -exec rmdir {} +; exit $status`
	enterScript = `echo $$ >"$0/cgroup.procs"; shift; exec unshare --cgroup --mount --pid --fork --kill-child --mount-proc -- "$@"`
)

// Start boots a host and returns when its boot has finished and no unit has failed. ctx bounds the start only; the host
// lasts until Close, or until the process ends, in whatever way. It needs Options.Tailnet.
func Start(ctx context.Context, opts Options) (h *Host, err error) {
	if opts.Node.Name == "" {
		opts.Node.Name = "host"
	}
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	h = &Host{Name: opts.Node.Name, Tailnet: opts.Tailnet, opts: opts, done: make(chan struct{}), console: &console{}}
	tree, err := Tree(ctx, opts.Progress, opts.Release)
	if err != nil {
		return nil, err
	}
	h.group, err = newGroupName(h.Name)
	if err != nil {
		return nil, fmt.Errorf("booting %s: %w", h.Name, err)
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("booting %s: making a pipe: %w", h.Name, err)
	}
	defer theirs.Close()
	bridge, addr := h.Tailnet.Bridge(), h.Tailnet.GuestAddr()
	h.LAN = addr.Addr()
	h.life = ours
	// Tests of sandboxes try what a container is refused otherwise.
	calls := "perf_event_open pidfd_getfd @pkey"
	if !opts.WithoutBPF {
		calls += " bpf"
	}
	h.cmd = exec.CommandContext(context.WithoutCancel(ctx), "nsenter", "--net="+bridge.NamespacePath, "--",
		"sh", "-c", keepScript, "keep", h.group, enterScript,
		"sh", "-euc", bootScript, "boot", tree, h.Name, addr.String(), bridge.Addr.Addr().String(), bridge.Name,
		strconv.FormatBool(opts.Udev), calls)
	h.cmd.Stdin, h.cmd.Stdout, h.cmd.Stderr = theirs, h.console, h.console
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt of the test is none of the host
	if err := h.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("booting %s: %w", h.Name, err), ours.Close())
	}
	go func() {
		_ = h.cmd.Wait() // it is killed as a rule
		close(h.done)
	}()
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("booting %s: %w; its console:\n%s", h.Name, err, h.console.tail(30)), h.Close())
			h = nil
		}
	}()
	if err := h.awaitBoot(ctx, 0); err != nil {
		return h, err
	}
	if opts.Tailscale {
		if err := h.InstallTailscale(ctx); err != nil {
			return h, err
		}
		return h, h.Join(ctx)
	}
	return h, nil
}

// Close pulls the plug and returns when nothing of the host is left. Closing again changes nothing.
func (h *Host) Close() error {
	if err := h.life.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	select {
	case <-h.done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s has not ended within %v; its console:\n%s", h.Name, patience, h.console.tail(10))
	}
}

// console keeps what a host prints while it boots.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(p)
}

func (c *console) tail(lines int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return lastLines(c.text.Bytes(), lines)
}
