// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"tailscale-mcp/internal/testbed/launching"
)

// server is one that nobody here wrote.
type server struct {
	name  string
	entry launching.Entry
	// calls tries it, as alice and as bob; nil where nothing can be called without a
	// service of others.
	calls func(ctx context.Context, alice, bob *client, before int) (string, error)
}

// servers are all that are tried. folder is what the filesystem server gives.
func servers(o options, folder string) []server {
	npm := func(path string, args ...string) launching.Entry {
		return launching.Entry{Command: o.node, Args: append([]string{filepath.Join(o.modules, path)}, args...)}
	}
	github := npm("@modelcontextprotocol/server-github/dist/index.js")
	github.Env = map[string]string{"GITHUB_PERSONAL_ACCESS_TOKEN": "none"}
	// In the sandbox /tmp is of one process alone. Here the home is, of which an entry cannot speak.
	memory := launching.Entry{Command: "/bin/sh", Args: []string{
		"-c", `MEMORY_FILE_PATH="$HOME/memory.json" exec "$0" "$1"`, o.node, filepath.Join(o.modules, "@modelcontextprotocol/server-memory/dist/index.js"),
	}}
	return []server{
		{"everything", npm("@modelcontextprotocol/server-everything/dist/index.js", "stdio"), says("echo", map[string]any{"message": "hello"}, "Echo: hello")},
		{"files", npm("@modelcontextprotocol/server-filesystem/dist/index.js", folder), says("read_text_file", map[string]any{"path": filepath.Join(folder, "plan.txt")}, "The plan.")},
		{"memory", memory, remembers},
		{"thinking", npm("@modelcontextprotocol/server-sequential-thinking/dist/index.js"), thinks},
		{"gosdk", launching.Entry{Command: o.gosdk}, says("test_simple_text", nil, "This is a simple text response for testing.")},
		{"playwright", npm("@playwright/mcp/cli.js", "--headless"), nil},
		{"github", github, nil},
	}
}

// called is the text that a tool answers.
func (c *client) called(ctx context.Context, tool string, arguments map[string]any) (string, error) {
	if arguments == nil {
		arguments = map[string]any{}
	}
	text, err := c.ask(ctx, "tools/call", map[string]any{"name": tool, "arguments": arguments})
	if err != nil {
		return "", fmt.Errorf("%s: %w", tool, err)
	}
	var r struct {
		IsError bool
		Content []struct{ Text string }
	}
	if err := json.Unmarshal(text, &r); err != nil || len(r.Content) == 0 || r.IsError {
		return "", fmt.Errorf("%s answers %s", tool, text)
	}
	return r.Content[0].Text, nil
}

// says is a call whose answer does not depend on who asks.
func says(tool string, arguments map[string]any, want string) func(context.Context, *client, *client, int) (string, error) {
	return func(ctx context.Context, alice, bob *client, _ int) (string, error) {
		for _, c := range []*client{alice, bob} {
			if text, err := c.called(ctx, tool, arguments); err != nil || !strings.Contains(text, want) {
				return "", fmt.Errorf("%s answers %q (%w)", tool, text, err)
			}
		}
		return tool, nil
	}
}

// remembers has alice tell the memory something, of which bob learns nothing.
func remembers(ctx context.Context, alice, bob *client, before int) (string, error) {
	secret := fmt.Sprintf("alices-secret-%d", before)
	if _, err := alice.called(ctx, "create_entities", map[string]any{"entities": []any{
		map[string]any{"name": secret, "entityType": "thing", "observations": []string{"hers"}},
	}}); err != nil {
		return "", err
	}
	hers, err := alice.called(ctx, "read_graph", nil)
	if err != nil || !strings.Contains(hers, secret) {
		return "", fmt.Errorf("alice is not told what she told it: %q (%w)", hers, err)
	}
	his, err := bob.called(ctx, "read_graph", nil)
	if err != nil || strings.Contains(his, "alice") {
		return "", fmt.Errorf("bob is told %q (%w)", his, err)
	}
	return "read_graph, apart", nil
}

// thinks has alice think more than bob, who sees his own thoughts only. before is how often
// both have been asked before.
func thinks(ctx context.Context, alice, bob *client, before int) (string, error) {
	thought := func(c *client) (int, error) {
		text, err := c.called(ctx, "sequentialthinking", map[string]any{"thought": "hm", "nextThoughtNeeded": true, "thoughtNumber": 1, "totalThoughts": 9})
		if err != nil {
			return 0, err
		}
		var r struct{ ThoughtHistoryLength int }
		return r.ThoughtHistoryLength, json.Unmarshal([]byte(text), &r)
	}
	last := 0
	for range 5 {
		n, err := thought(alice)
		if err != nil || last > 0 && n != last+1 {
			return "", fmt.Errorf("alice has %d thoughts after %d (%w)", n, last, err)
		}
		last = n
	}
	if n, err := thought(bob); err != nil || n > before+1 {
		return "", fmt.Errorf("bob has %d thoughts, and thought %d times (%w)", n, before+1, err)
	}
	return "sequentialthinking, apart", nil
}
