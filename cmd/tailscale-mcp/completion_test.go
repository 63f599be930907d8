// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"testing"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/testbed/clitest"
)

// completionScript is what the program prints for a shell.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"files", "forge", "notes"} {
		if err := os.WriteFile(filepath.Join(dir, name+".json"), []byte(`{"command":"x"}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("TAILSCALE_MCP_SERVERS", dir)
	t.Setenv("TAILSCALE_MCP_SERVERS_UNCONFINED", "true")
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if code := run(t.Context(), []string{"completion", shell}, streams{os.Stdin, out, os.Stderr}); code != 0 {
		t.Fatalf("got exit code %d", code)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// completionCases are command lines and what the last word of them can become.
func completionCases() map[string][]string {
	return map[string][]string{
		"":                             commandNames(),
		"do":                           {"doctor"},
		"--ver":                        {"--version"},
		"doctor ":                      nil,
		"check --a":                    {"--as"},
		"check --as ":                  nil,
		"check --as bob who":           {"who_can_use", "whoami"},
		"check who":                    {"who_can_use", "whoami"},
		"grant --r":                    {"--rate", "--read", "--resources"},
		"grant --src bob set_device_n": {"set_device_name"},
		"grant whoami list_pee":        {"list_peers"},
		"tools --js":                   {"--json"},
		"tools --m":                    {"--markdown"},
		"server ":                      {"add", "apply", "approve", "check", "list", "remove", "show"},
		"server a":                     {"add", "apply", "approve"},
		"server show ":                 {"files", "forge", "notes"},
		"server approve fi":            {"files"},
		"server check f":               {"files", "forge"},
		"server remove files ":         nil,
		"server add ":                  nil,
		"server list ":                 nil,
		"server add x --re":            {"--read"},
		"server add x --type ":         {"http", "sse"},
		"server add x --network in":    {"internet"},
		"server approve files --s":     {"--suggested"},
		"completion ":                  cli.Shells(),
		"completion z":                 {"zsh"},
		"help ver":                     {"version"},
		"help ":                        commandNames(),
		"nonsense ":                    nil,
		"serve --version --nons":       nil,
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

// commandNames are the names of all subcommands.
func commandNames() []string {
	var names []string
	for _, c := range commands(streams{}).Commands() {
		names = append(names, c.Name())
	}
	return names
}
