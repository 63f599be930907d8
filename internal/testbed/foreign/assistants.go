// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"tailscale-mcp/internal/testbed/running"
)

// assistant is a program whose command line lists the servers that it is told of.
type assistant struct {
	name    string
	id      string // as tailscale-mcp-proxy install calls it
	program []string
	add     func(name, url string) []string
	fine    *regexp.Regexp // what stands in the line of a server that it has reached
	tools   map[string]int // of Codex, by server
}

const codex = "codex"

// answerTime is how long an assistant may take.
const answerTime = time.Minute

func assistants(o options) []assistant {
	connected := regexp.MustCompile(`[✓✔].*Connected`)
	return []assistant{
		{
			"claude mcp list", "claude-code", []string{filepath.Join(o.modules, "@anthropic-ai/claude-code-linux-x64/claude")},
			func(name, url string) []string { return []string{"mcp", "add", "--transport", "http", name, url} }, connected, nil,
		},
		{
			"gemini mcp list", "gemini-cli", []string{o.node, filepath.Join(o.modules, "@google/gemini-cli/bundle/gemini.js")},
			func(name, url string) []string {
				return []string{"mcp", "add", "--scope", "user", "--transport", "http", name, url}
			}, connected, nil,
		},
		{
			// It lists servers without reaching them; see codexTools.
			"codex mcp list", codex, []string{filepath.Join(o.modules, "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex")},
			func(name, url string) []string { return []string{"mcp", "add", name, "--url", url} }, regexp.MustCompile(` enabled `), nil,
		},
	}
}

// lists are the servers that they are told of: of each era one, and one with much to list.
var lists = []string{"files", "gosdk", "playwright"}

// told has an assistant list servers, directly and through the proxy.
func (st *stage) told(ctx context.Context, a assistant) []found {
	home, err := os.MkdirTemp(st.dir, a.id)
	if err != nil {
		return []found{{what: "home", err: err}}
	}
	port, done, err := st.way(ctx)
	if err != nil {
		return []found{{what: "way", err: err}}
	}
	defer done()
	var all []found
	for _, way := range []string{"directly", "proxy"} {
		for _, name := range lists {
			if way == "directly" {
				_, err = a.run(ctx, home, a.program, a.add(name+"-"+way, fmt.Sprintf("http://localhost:%d/%s/mcp", port, name))...)
			} else {
				_, err = a.run(ctx, home, []string{filepath.Join(st.dir, running.Proxy)}, "install", a.id, "--yes", "--name", name+"-"+way,
					"--server", st.url(name), "--", "--tailscaled-socket", st.alice.Socket)
			}
			if err != nil {
				return append(all, found{what: way, err: err})
			}
		}
	}
	out, err := a.run(ctx, home, a.program, "mcp", "list")
	if err == nil && a.id == codex {
		a.tools, err = a.codexTools(ctx, home)
	}
	for _, way := range []string{"directly", "proxy"} {
		f := found{what: way, says: "connected", err: err}
		for _, name := range lists {
			if err == nil && !a.has(out, name+"-"+way) {
				f.err = errors.Join(f.err, fmt.Errorf("%s is not connected:\n%s", name, out))
			}
		}
		all = append(all, f)
	}
	return all
}

// has reports whether the output has a line that says that the server was reached; for
// Codex, whether it has tools of it.
func (a assistant) has(out, server string) bool {
	for line := range strings.Lines(out) {
		if strings.Contains(line, server) && a.fine.MatchString(line) {
			return a.id != codex || a.tools[server] > 0
		}
	}
	return false
}

// run runs a program in the home of somebody who has nothing else.
func (a assistant) run(ctx context.Context, home string, program []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program[0], append(program[1:len(program):len(program)], args...)...)
	cmd.Dir, cmd.Env = home, a.environ(home)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", a.name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// environ is what it is told of the machine.
func (a assistant) environ(home string) []string {
	return []string{
		"HOME=" + home, "TMPDIR=" + home, "CLAUDE_CODE_TMPDIR=" + home, "PATH=" + filepath.Dir(a.program[0]) + ":" + os.Getenv("PATH"), "NO_COLOR=1", "GEMINI_CLI_TRUST_WORKSPACE=true",
		"DISABLE_TELEMETRY=1", "DISABLE_AUTOUPDATER=1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
	}
}

// way is a port of loopback that leads to the daemon as alice's machine reaches it: these
// programs know no tailscaled with userspace networking.
func (st *stage) way(ctx context.Context) (port int, done func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	target := net.JoinHostPort(st.server.IPv4().String(), strconv.Itoa(st.daemon.Port))
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { st.lead(ctx, conn, target) })
		}
	})
	return l.Addr().(*net.TCPAddr).Port, func() {
		cancel()
		_ = l.Close()
		all.Wait()
	}, nil
}

// lead copies a connection to the daemon, and back.
func (st *stage) lead(ctx context.Context, conn net.Conn, target string) {
	defer conn.Close()
	to, err := st.alice.Dial(ctx, "tcp", target)
	if err != nil {
		return
	}
	defer to.Close()
	stop := context.AfterFunc(ctx, func() {
		_ = conn.Close()
		_ = to.Close()
	})
	defer stop()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{conn, to}, {to, conn}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			if half, ok := pair[0].(interface{ CloseWrite() error }); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}
