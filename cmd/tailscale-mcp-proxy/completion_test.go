// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completionScript writes the completions for a shell into a file.
func completionScript(t *testing.T, shell string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"completion", shell}, nil, strings.NewReader(""), &out, &errs); code != exitEnded || errs.Len() > 0 {
		t.Fatalf("got exit code %d: %s", code, &errs)
	}
	file := filepath.Join(t.TempDir(), "_tailscale-mcp-proxy")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// mustHave is the path of a program that a test needs. Where it is not
// installed the test is skipped, but never with TEST_REQUIRE_TOOLS=1, as CI has
// it.
func mustHave(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("TEST_REQUIRE_TOOLS") != "":
		t.Fatalf("%s is not installed, and TEST_REQUIRE_TOOLS is set", name)
	default:
		t.Skipf("SKIPPED, %s is not installed: nothing here shows that what is made for it works", name)
	}
	return path
}

// inShell runs a script with the completions for the shell as $1, and returns
// what it prints.
func inShell(t *testing.T, args []string, script string) string {
	t.Helper()
	shell := mustHave(t, args[0])
	c := exec.CommandContext(t.Context(), shell, append(slices.Clone(args[1:]), "-c", script, args[0], completionScript(t, args[0]))...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("%s: %v\n%s", args[0], err, &errs)
	}
	return out.String()
}

// TestCompletionHasAll: every flag, command and argument of the tables is in
// the completions for each shell.
func TestCompletionHasAll(t *testing.T) {
	for _, shell := range shellNames() {
		text, err := os.ReadFile(completionScript(t, shell))
		if err != nil {
			t.Fatal(err)
		}
		words := strings.FieldsFunc(string(text), func(r rune) bool { return strings.ContainsRune(" \n\t'\"(){}[],:|", r) })
		for _, c := range append(commands(), relay()) {
			want := []string{c.name}
			if c.words != nil {
				want = append(want, c.words()...)
			}
			for _, f := range flagsOf(c.flags()) {
				if shell == "fish" {
					want = append(want, f.names...)
				} else {
					want = append(want, f.dashed()...)
				}
			}
			for _, word := range want {
				if word != "" && !slices.Contains(words, word) && !strings.Contains(string(text), "*"+word+"[") {
					t.Errorf("%s: %s: got no %q in\n%s", shell, c.name, word, text)
				}
			}
		}
	}
}

// completionCases are command lines and what the last word of them can become.
func completionCases() map[string][]string {
	flags := typed(flagsOf(relay().flags()))
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
		"uninstall vscode":         {"vscode", "vscode-insiders"},
		"completion ":              shellNames(),
		"completion z":             {"zsh"},
		"help ver":                 {"version"},
		"nonsense ":                nil,
		"-":                        flags,
	}
}

// TestCompletionBash: a real bash completes.
func TestCompletionBash(t *testing.T) {
	if got := inShell(t, []string{"bash", "--norc"}, `source "$1"; complete -p `+program); !strings.Contains(got, " -F _tailscale_mcp_proxy "+program) {
		t.Errorf("got %q, want the completion to be known", got)
	}
	for line, want := range completionCases() {
		words := strings.Split(line, " ")
		got := strings.Fields(inShell(t, []string{"bash", "--norc"}, fmt.Sprintf(
			`source "$1"; COMP_WORDS=(%s %s) COMP_CWORD=%d; [[ -n "%s" ]] || COMP_WORDS+=(''); _tailscale_mcp_proxy; printf '%%s\n' "${COMPREPLY[@]}"`,
			program, line, len(words), words[len(words)-1])))
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// TestCompletionFish: a real fish completes.
func TestCompletionFish(t *testing.T) {
	for line, want := range completionCases() {
		if line == "-" {
			continue // fish shows short flags only, until a second dash
		}
		var got []string
		for l := range strings.Lines(inShell(t, []string{"fish", "--no-config"}, fmt.Sprintf("source $argv[2]; complete -C '%s %s'", program, line))) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			got = append(got, word)
		}
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}

// TestCompletionZsh: a real zsh reads the completions, and knows whose they are.
func TestCompletionZsh(t *testing.T) {
	got := inShell(t, []string{"zsh", "-f"}, `zsh -n "$1" && autoload -Uz compinit && compinit -D && source "$1" && print -- $_comps[`+program+`]`)
	if strings.TrimSpace(got) != "_"+program {
		t.Errorf("got %q, want _%s", got, program)
	}
}

func TestCompletionRefuses(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}, {"completion", "--x"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, nil, strings.NewReader(""), &out, &errs); code != exitUsage || out.Len() > 0 || !strings.Contains(errs.String(), "hint: ") {
			t.Errorf("%q: got exit code %d, %q and %q", args, code, &out, &errs)
		}
	}
}
