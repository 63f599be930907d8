// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"strings"
	"testing"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/testbed/clitest"
)

// completionScript is what the program prints for a shell.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"completion", shell}, nil, strings.NewReader(""), &out, &errs); code != cli.Done || errs.Len() > 0 {
		t.Fatalf("got exit code %d: %s", code, &errs)
	}
	return out.String()
}

// completionCases are command lines and what the last word of them can become.
func completionCases() map[string][]string {
	flags := append(cli.Typed(commands(streams{}).Flags()), "--help", "-h")
	return map[string][]string{
		"":                         commandNames(),
		"doc":                      {"doctor"},
		"--hea":                    {"--header-env", "--header-file"},
		"--server http://a/b --dr": {"--drain"},
		"--server ":                nil,
		"--transport ":             {"auto", "http", "sse"},
		"doctor --js":              {"--json"},
		"doctor --vers":            nil,
		"doctor ":                  nil,
		"--vers":                   {"--version"},
		"install cur":              {"cursor"},
		"install cursor --fo":      {"--force"},
		"install cursor -- --hea":  {"--header-env", "--header-file"},
		"install cursor -- cur":    nil,
		"uninstall vscode":         {"vscode", "vscode-insiders"},
		"completion ":              cli.Shells(),
		"completion z":             {"zsh"},
		"help ver":                 {"version"},
		"nonsense ":                nil,
		"-":                        flags,
	}
}

// TestCompletionBash: a real bash completes.
func TestCompletionBash(t *testing.T) {
	clitest.Bash(t, program, completionScript(t, "bash"), completionCases())
}

// TestCompletionFish: a real fish completes.
func TestCompletionFish(t *testing.T) {
	clitest.Fish(t, program, completionScript(t, "fish"), completionCases())
}

// TestCompletionZsh: a real zsh completes.
func TestCompletionZsh(t *testing.T) {
	clitest.Zsh(t, program, completionScript(t, "zsh"), completionCases())
}

func TestCompletionRefuses(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}, {"completion", "--x"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, nil, strings.NewReader(""), &out, &errs); code != cli.Usage || out.Len() > 0 || !strings.Contains(errs.String(), "hint: ") {
			t.Errorf("%q: got exit code %d, %q and %q", args, code, &out, &errs)
		}
	}
}

// commandNames are the names of all commands.
func commandNames() []string {
	var names []string
	for _, c := range commands(streams{}).Commands() {
		names = append(names, c.Name())
	}
	return names
}
