// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"tailscale-mcp/internal/testbed/launching"
)

// alone is a server by itself, on standard input and output.
type alone struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	id  int
}

func startAlone(ctx context.Context, e launching.Entry, home string) (*alone, error) {
	a := &alone{cmd: exec.CommandContext(ctx, e.Command, e.Args...)}
	a.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
	for key, value := range e.Env {
		a.cmd.Env = append(a.cmd.Env, key+"="+value)
	}
	var err error
	if a.in, err = a.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	a.out = bufio.NewReader(out)
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := a.ask(ctx, "initialize", map[string]any{
		"protocolVersion": legacy, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "foreign", "version": "1"},
	}); err != nil {
		a.end()
		return nil, err
	}
	_, err = io.WriteString(a.in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	return a, err
}

func (a *alone) ask(_ context.Context, method string, params map[string]any) (json.RawMessage, error) {
	a.id++
	if params == nil {
		params = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": a.id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if _, err := a.in.Write(append(text, '\n')); err != nil {
		return nil, err
	}
	for {
		line, err := a.out.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("%s: the server by itself has ended: %w", method, err)
		}
		var m struct {
			ID     json.RawMessage
			Method string
		}
		if json.Unmarshal(line, &m) == nil && m.Method == "" && string(m.ID) == fmt.Sprint(a.id) {
			return result(line)
		}
	}
}

// end ends it, as a client does.
func (a *alone) end() {
	_ = a.in.Close()
	_ = a.cmd.Cancel()
	_ = a.cmd.Wait()
}
