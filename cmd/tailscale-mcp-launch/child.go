// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tailscale-mcp/internal/upstream/frame"
)

const (
	// grace is what a server has to end after its stdin was closed.
	grace = 5 * time.Second
	// graceOnStop is the same when systemd stops the unit, which kills after five.
	graceOnStop = 4 * time.Second
	// idle is how long is waited for what should be there at once: the end of a server
	// that was killed, or of its pipes, which somebody who left its process group may hold.
	idle = 2 * time.Second
)

// child is a server that runs.
type child struct {
	cmd            *exec.Cmd
	in             *os.File // its stdin
	out            *frame.Writer
	tail           tail
	ended          chan struct{} // closed when it has ended
	gone           chan struct{} // closed by leave, when the connection has no more for it
	leave          func()
	over           atomic.Bool // it has ended: its pipes are read as long as something comes
	stdout, stderr *os.File
	copied         sync.WaitGroup
}

// start starts a program. On failure nothing of it is left.
func start(p program, out *frame.Writer) (*child, error) {
	var pipes []*os.File
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, nil
		}
		pipes = append(pipes, r, w)
		return r, w
	}
	inR, inW := pipe()
	outR, outW := pipe()
	errR, errW := pipe()
	if len(pipes) < 6 {
		closeAll(pipes)
		return nil, errors.New("no pipes for the server: raise LimitNOFILE= of its unit")
	}
	c := &child{
		cmd: &exec.Cmd{
			Path: p.path, Args: p.argv, Env: p.env, Dir: p.dir, Stdin: inR, Stdout: outW, Stderr: errW,
			// A group of its own, so that its children can be ended with it; and it is
			// not to stay behind should the launcher be killed.
			SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
		},
		in: inW, out: out, stdout: outR, stderr: errR,
		ended: make(chan struct{}), gone: make(chan struct{}),
	}
	if err := c.cmd.Start(); err != nil {
		closeAll(pipes)
		return nil, fmt.Errorf("the server could not be started: %w", err)
	}
	closeAll([]*os.File{inR, outW, errW})
	c.leave = sync.OnceFunc(func() { close(c.gone) })
	return c, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// serve copies until the server or the connection has ended, ends the server if it is
// still there, says how it ended, and returns the exit status.
func (c *child) serve() int {
	// Notified, not ignored: an ignored signal would be ignored by the server too.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	c.copied.Add(2)
	go c.copyOut()
	go c.copyErr()
	go c.copyIn()
	go hungUp(os.Stdin, c.leave)
	go func() {
		_ = c.cmd.Wait() // its state says how it ended
		close(c.ended)
	}()

	left := grace
	select {
	case <-c.ended:
	case <-c.gone:
	case <-signals:
		left = graceOnStop
		_ = c.in.Close()
	}
	select {
	case <-c.ended:
	case <-time.After(left):
	}
	return c.finish()
}

// finish ends what is left of the server and says how it ended.
func (c *child) finish() int {
	_ = c.cmd.Process.Kill()
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // and its children
	select {
	case <-c.ended:
	case <-time.After(idle):
		return exitSignal + int(syscall.SIGKILL) // the kernel does not let go of it; systemd will see to it
	}
	c.over.Store(true)
	_ = c.stdout.SetReadDeadline(time.Now().Add(idle))
	_ = c.stderr.SetReadDeadline(time.Now().Add(idle))
	copied := make(chan struct{})
	go func() {
		c.copied.Wait()
		close(copied)
	}()
	select {
	case <-copied: // the connection takes it, or has failed
	case <-c.goneFor(idle):
		return 0 // nobody reads any more
	}
	e := frame.End{Outcome: frame.Exited, Status: c.cmd.ProcessState.ExitCode(), Stderr: c.tail.bytes()}
	status := e.Status
	if w, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		e.Outcome, e.Status = frame.Killed, int(w.Signal())
		status = exitSignal + e.Status
	}
	if err := c.out.End(e); err != nil {
		return 0 // the daemon has gone first, as it does when a session is over
	}
	return status
}

// goneFor is closed when the connection has been gone for d.
func (c *child) goneFor(d time.Duration) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		<-c.gone
		time.Sleep(d)
		close(done)
	}()
	return done
}

// copyIn copies the connection to stdin, and closes it behind the last byte.
func (c *child) copyIn() {
	_, _ = io.Copy(c.in, os.Stdin)
	_ = c.in.Close()
	c.leave()
}

// copyOut copies stdout to the connection. When that fails, the server notices by its
// next write.
func (c *child) copyOut() {
	defer c.copied.Done()
	_, _ = c.out.ReadFrom(renewing{c, c.stdout})
	_ = c.stdout.Close()
}

// copyErr copies stderr to the journal and keeps its tail. A journal that fails does not
// hold up the server.
func (c *child) copyErr() {
	defer c.copied.Done()
	r, buf := renewing{c, c.stderr}, make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		c.tail.add(buf[:n])
		_, _ = os.Stderr.Write(buf[:n])
		if err != nil {
			_ = c.stderr.Close()
			return
		}
	}
}

// renewing reads a pipe; once the server has ended, as long as something comes.
type renewing struct {
	c *child
	f *os.File
}

func (r renewing) Read(p []byte) (int, error) {
	if r.c.over.Load() {
		_ = r.f.SetReadDeadline(time.Now().Add(idle))
	}
	return r.f.Read(p)
}
