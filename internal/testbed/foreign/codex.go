// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
)

// codexTools has Codex connect to all servers that it is told of, which its list does not,
// and returns how many tools it has of each.
func (a assistant) codexTools(ctx context.Context, home string) (map[string]int, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.program[0], append(a.program[1:len(a.program):len(a.program)], "app-server")...)
	cmd.Dir, cmd.Env = home, a.environ(home)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Cancel()
		_ = cmd.Wait()
	}()
	if _, err := io.WriteString(in, `{"id":1,"method":"initialize","params":{"clientInfo":{"name":"foreign","version":"1"}}}
{"method":"initialized"}
{"id":2,"method":"mcpServerStatus/list","params":{}}
`); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return nil, fmt.Errorf("codex app-server said nothing of its servers: %w", err)
		}
		var m struct {
			ID     int
			Result struct {
				Data []struct {
					Name  string
					Tools map[string]json.RawMessage
				}
			}
		}
		if json.Unmarshal(line, &m) != nil || m.ID != 2 {
			continue
		}
		tools := map[string]int{}
		for _, s := range m.Result.Data {
			tools[s.Name] = len(s.Tools)
		}
		return tools, nil
	}
}
