// SPDX-License-Identifier: MIT

package clitest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/completion"
)

// HasAll holds that every flag, command and argument of p is in its completions
// for the shell.
func HasAll(t *testing.T, p completion.Program, shell, script string) {
	t.Helper()
	words := strings.FieldsFunc(script, func(r rune) bool { return strings.ContainsRune(" \n\t'\"(){}[],:|", r) })
	for _, c := range append(slices.Clone(p.Commands), completion.Command{Flags: p.Flags}) {
		want := append([]string{c.Name}, c.Words...)
		for _, f := range c.Flags {
			if shell == "fish" {
				want = append(want, f.Names...)
			} else {
				want = append(want, f.Dashed()...)
			}
		}
		for _, word := range want {
			if word != "" && !slices.Contains(words, word) && !strings.Contains(script, "*"+word+"[") {
				t.Errorf("%s: %s: got no %q in\n%s", shell, c.Name, word, script)
			}
		}
	}
}

// Bash holds that a real bash completes as cases have it: command lines without
// the program's name, and what the last word of each can become.
func Bash(t *testing.T, name, script string, cases map[string][]string) {
	t.Helper()
	function := "_" + strings.ReplaceAll(name, "-", "_")
	if got := inShell(t, name, script, []string{"bash", "--norc"}, `source "$1"; complete -p `+name); !strings.Contains(got, " -F "+function+" "+name) {
		t.Errorf("got %q, want the completion to be known", got)
	}
	for line, want := range cases {
		words := strings.Split(line, " ")
		got := strings.Fields(inShell(t, name, script, []string{"bash", "--norc"}, fmt.Sprintf(
			`source "$1"; COMP_WORDS=(%s %s) COMP_CWORD=%d; [[ -n "%s" ]] || COMP_WORDS+=(''); %s; printf '%%s\n' "${COMPREPLY[@]}"`,
			name, line, len(words), words[len(words)-1], function)))
		Same(t, fmt.Sprintf("%q", line), got, want)
	}
}

// Fish holds that a real fish completes as cases have it, see [Bash].
func Fish(t *testing.T, name, script string, cases map[string][]string) {
	t.Helper()
	for line, want := range cases {
		if line == "-" {
			continue // fish shows short flags only, until a second dash
		}
		var got []string
		for l := range strings.Lines(inShell(t, name, script, []string{"fish", "--no-config"}, fmt.Sprintf("source $argv[2]; complete -C '%s %s'", name, line))) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			got = append(got, word)
		}
		Same(t, fmt.Sprintf("%q", line), got, want)
	}
}

// Zsh holds that a real zsh reads the completions, and knows whose they are.
func Zsh(t *testing.T, name, script string) {
	t.Helper()
	got := inShell(t, name, script, []string{"zsh", "-f"}, `zsh -n "$1" && autoload -Uz compinit && compinit -D && source "$1" && print -- $_comps[`+name+`]`)
	if strings.TrimSpace(got) != "_"+name {
		t.Errorf("got %q, want _%s", got, name)
	}
}

// ZshFlags are the flags that a real zsh is told to choose from for the last word
// of a command line without the program's name.
func ZshFlags(t *testing.T, name, script, line string) []string {
	t.Helper()
	words := strings.Split(line, " ")
	said := inShell(t, name, script, []string{"zsh", "-f"}, fmt.Sprintf(
		`compdef() { }; source "$1"; _arguments() { print -rl -- "$@" }; words=(%s %s) CURRENT=%d; _%s`,
		name, line, len(words)+1, name))
	return All(`^(?:\*|\([^)]*\))?(--?[a-z][a-z-]*)\[`, said)
}

// inShell runs commands with the file of the completions as $1, and returns what
// they print.
func inShell(t *testing.T, name, script string, shell []string, commands string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "_"+name)
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), Need(t, shell[0]), append(slices.Clone(shell[1:]), "-c", commands, shell[0], file)...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("%s: %v\n%s", shell[0], err, &errs)
	}
	return out.String()
}
