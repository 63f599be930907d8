// SPDX-License-Identifier: MIT

package hostile

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Process is command serve, running.
type Process struct {
	// URL is where it listens, without a path.
	URL string

	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Reader
}

// Ended is what command serve says at its end.
type Ended struct {
	Report
	// Led is how many requests were led away to another host.
	Led int `json:"led"`
}

// Start starts command serve, as cmd says, and returns when it listens. It ends with this
// process at the latest.
func Start(cmd *exec.Cmd) (*Process, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	said := &strings.Builder{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
	line, err := p.out.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !found {
		_ = stdin.Close()
		_ = cmd.Wait()
		return nil, fmt.Errorf("the hostile server does not listen (%w): %s", err, said)
	}
	p.URL = url
	return p, nil
}

// Address is where it listens, as net.Listen takes it.
func (p *Process) Address() string { return p.URL[strings.Index(p.URL, "//")+2:] }

// Pid is its process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// End ends it, and returns what it says of what has happened.
func (p *Process) End() (e Ended, err error) {
	_ = p.stdin.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Signal(syscall.SIGKILL) })
	defer late.Stop()
	err = json.NewDecoder(p.out).Decode(&e)
	if ended := p.cmd.Wait(); err == nil {
		err = ended
	}
	return e, err
}
