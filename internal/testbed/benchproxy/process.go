// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// process is one run of a contestant, with this program as its client.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	pipe   io.Closer // of stdout
	said   tail      // on stderr
	dir    string
	done   chan struct{} // closed when it has ended
}

const (
	initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"` + legacy + `","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}`
	greeting   = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	startLimit = 30 * time.Second
)

// launch starts the contestant, connected to a server.
func (c *contestant) launch(ctx context.Context, url string) (*process, error) {
	dir, err := os.MkdirTemp("", "bench-proxy-home-")
	if err != nil {
		return nil, err
	}
	args := c.command(url)
	p := &process{cmd: exec.CommandContext(ctx, args[0], args[1:]...), dir: dir, done: make(chan struct{})}
	// Nothing of the user's: no saved logins, no settings.
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "MCP_REMOTE_CONFIG_DIR=" + dir}
	p.cmd.Dir, p.cmd.Stderr = dir, &p.said
	stdin, err1 := p.cmd.StdinPipe()
	stdout, w, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	defer w.Close()
	p.stdin, p.stdout, p.pipe, p.cmd.Stdout = stdin, bufio.NewReaderSize(stdout, 1<<16), stdout, w
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, stdout.Close(), os.RemoveAll(dir))
	}
	go func() {
		_ = p.cmd.Wait() // ProcessState says how it ended
		close(p.done)
	}()
	return p, nil
}

// open starts the contestant and a session, and says how long it took from the
// start to the answer to initialize.
func (c *contestant) open(ctx context.Context, url string) (*process, time.Duration, error) {
	began := time.Now()
	p, err := c.launch(ctx, url)
	if err != nil {
		return nil, 0, err
	}
	_, err = p.ask(0, initialize, startLimit)
	took := time.Since(began)
	if err == nil {
		err = p.send(greeting)
	}
	if err != nil {
		p.kill()
		return nil, 0, fmt.Errorf("opening a session: %w", err)
	}
	return p, took, nil
}

func (p *process) send(line string) error {
	_, err := io.WriteString(p.stdin, line+"\n")
	return err
}

// ask sends a request and returns the line with the answer, which must hold a
// result. It leaves out what else comes meanwhile.
func (p *process) ask(id int, line string, limit time.Duration) ([]byte, error) {
	defer p.bound(limit)()
	if err := p.send(line); err != nil {
		return nil, p.explain(err)
	}
	for {
		got, err := p.stdout.ReadBytes('\n')
		if err != nil {
			return nil, p.explain(err)
		}
		if answered(got) != id {
			continue
		}
		return got, good(got)
	}
}

// bound kills the process if it is not called off in time, so that reading from
// it ends.
func (p *process) bound(limit time.Duration) (off func()) {
	t := time.AfterFunc(limit, func() { _ = p.cmd.Process.Kill() })
	return func() { t.Stop() }
}

// kill ends the process, if it has not ended, and forgets what it left.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails when it has ended
	<-p.done
	_ = p.pipe.Close()
	_ = os.RemoveAll(p.dir)
}

// explain adds the process's last words to an error.
func (p *process) explain(err error) error {
	if words := p.said.String(); words != "" {
		return fmt.Errorf("%w; it said: %s", err, words)
	}
	return err
}

// answered is the number that a message has as its id, or -1. It reads only as
// much as it must: the bench shares the processors with what it measures.
func answered(line []byte) int {
	_, rest, ok := bytes.Cut(line, []byte(`"id":`))
	if !ok {
		return -1
	}
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	id, err := strconv.Atoi(string(rest[:end]))
	if err != nil {
		return -1
	}
	return id
}

// good says what is wrong with an answer to a call that should have succeeded.
func good(line []byte) error {
	if !bytes.Contains(line, []byte(`"result":`)) {
		return fmt.Errorf("an answer without a result: %.200s", bytes.TrimSpace(line))
	}
	return nil
}
