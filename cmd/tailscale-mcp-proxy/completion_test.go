// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"strings"
	"testing"

	"tailscale-mcp/internal/clitest"
	"tailscale-mcp/internal/completion"
)

// completionScript is what the program prints for a shell.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"completion", shell}, nil, strings.NewReader(""), &out, &errs); code != exitEnded || errs.Len() > 0 {
		t.Fatalf("got exit code %d: %s", code, &errs)
	}
	return out.String()
}

// TestCompletionHasAll: every flag, command and argument of the tables is in
// the completions for each shell.
func TestCompletionHasAll(t *testing.T) {
	for _, shell := range completion.Shells() {
		clitest.HasAll(t, commandLine(), shell, completionScript(t, shell))
	}
}

// completionCases are command lines and what the last word of them can become.
func completionCases() map[string][]string {
	flags := completion.Typed(completion.Flags(relay().flags()))
	return map[string][]string{
		"":                         names(),
		"doc":                      {"doctor"},
		"--hea":                    {"--header-env", "--header-file"},
		"--server http://a/b --dr": {"--drain"},
		"--server ":                nil,
		"doctor --js":              {"--json"},
		"doctor --vers":            nil,
		"doctor ":                  nil,
		"--vers":                   {"--version"},
		"install cur":              {"cursor"},
		"install cursor --fo":      {"--force"},
		"install cursor -- --hea":  {"--header-env", "--header-file"},
		"install cursor -- cur":    nil,
		"uninstall vscode":         {"vscode", "vscode-insiders"},
		"completion ":              completion.Shells(),
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

// TestCompletionZsh: a real zsh reads the completions, and knows whose they are.
func TestCompletionZsh(t *testing.T) { clitest.Zsh(t, program, completionScript(t, "zsh")) }

func TestCompletionRefuses(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}, {"completion", "--x"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, nil, strings.NewReader(""), &out, &errs); code != exitUsage || out.Len() > 0 || !strings.Contains(errs.String(), "hint: ") {
			t.Errorf("%q: got exit code %d, %q and %q", args, code, &out, &errs)
		}
	}
}
