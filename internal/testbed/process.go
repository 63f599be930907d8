// SPDX-License-Identifier: MIT

package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// process is one run of tailscaled.
type process struct {
	cmd  *exec.Cmd
	life *os.File      // tailscaled ends when this end of the pipe is closed, in whatever way this process ends
	done chan struct{} // closed when it has ended
	err  error         // how; valid after done
}

// end sends a signal that ends the process, and waits until it has.
func (p *process) end(ctx context.Context, sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the process to end: %w", context.Cause(ctx))
	}
}

// process returns the node's tailscaled, nil when it is not running.
func (n *Node) process() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proc == nil {
		return nil
	}
	select {
	case <-n.proc.done:
		return nil
	default:
		return n.proc
	}
}

func (n *Node) stateDir() string { return filepath.Join(n.Dir, "state") }

// run starts tailscaled and returns when its LocalAPI answers. The process outlives ctx.
func (n *Node) run(ctx context.Context) error {
	logFile, err := os.OpenFile(n.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening its log: %w", err)
	}
	defer logFile.Close()
	theirs, ours, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	defer theirs.Close()

	tun := tunName
	if n.ns == nil {
		tun = "userspace-networking"
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), n.tn.tailscaled,
		"--socket="+n.Socket,
		"--statedir="+n.stateDir(),
		"--tun="+tun,
		fmt.Sprintf("--port=%d", n.tn.control.port(n.Name)),
		"--no-logs-no-support",
	)
	cmd.Dir = n.Dir
	cmd.Env = n.environment()
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.ExtraFiles = []*os.File{theirs} // becomes descriptor 3
	if err := n.InNamespace(cmd.Start); err != nil {
		return errors.Join(fmt.Errorf("starting tailscaled: %w", err), ours.Close())
	}
	p := &process{cmd: cmd, life: ours, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		p.life.Close()
		close(p.done)
	}()
	n.mu.Lock()
	n.proc = p
	n.mu.Unlock()

	err = await(ctx, func(ctx context.Context) error {
		if !n.Running() {
			return nil
		}
		// Not with the LocalAPI's client, which hides that nobody is listening by trying for seconds.
		var d net.Dialer
		conn, err := d.DialContext(ctx, "unix", n.Socket)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if !n.Running() {
		err = fmt.Errorf("it ended at once: %w", p.err)
	}
	if err != nil {
		return n.explain(fmt.Errorf("awaiting tailscaled's LocalAPI: %w", err))
	}
	return nil
}

// environment is tailscaled's environment. Nothing is inherited, so that nothing there can change what a test sees.
func (n *Node) environment() []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + n.Dir,
		"TMPDIR=" + n.Dir,
		"TS_LOGS_DIR=" + n.Dir,
		"TS_NO_LOGS_NO_SUPPORT=true",
		"TS_PANIC_IF_HIT_MAIN_CONTROL=1",
		"TS_ASSUME_NETWORK_UP_FOR_TEST=1", // a machine without any network may run tests
		"TS_DISABLE_PORTMAPPER=1",
		"TS_NETCHECK_GENERATE_204_URL=" + n.face.controlURL() + "/generate_204",
		"TS_PARENT_DEATH_FD=3",
	}
	if n.ns == nil {
		env = append(env, "HTTP_PROXY="+n.tn.trap.url, "HTTPS_PROXY="+n.tn.trap.url)
	}
	return env
}

// close ends the node for good.
func (n *Node) close() error {
	if p := n.process(); p != nil {
		_ = p.cmd.Process.Kill() // fails if it has ended by itself
		<-p.done
	}
	n.mu.Lock()
	for _, tr := range n.transports {
		tr.CloseIdleConnections()
	}
	n.mu.Unlock()
	if n.ns != nil {
		return n.ns.close()
	}
	return nil
}

// explain adds the end of tailscaled's log to an error.
func (n *Node) explain(err error) error {
	if n.adopted {
		return err
	}
	return fmt.Errorf("%w; the log of %s ends with:\n%s", err, n.Name, tail(n.Log(), 15))
}

// tail returns the last lines of a file.
func tail(path string, lines int) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	all := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(all[max(0, len(all)-lines):], []byte("\n"))
}
