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
)

// Bash holds that a real bash completes as cases have it: command lines without
// the program's name, and what the last word of each can become. The program has to
// be in $PATH, as the scripts ask it.
func Bash(t *testing.T, name, script string, cases map[string][]string) {
	t.Helper()
	function := "__start_" + name
	if got := inShell(t, name, script, []string{"bash", "--norc"}, `source "$1"; complete -p `+name); !strings.Contains(got, " -F "+function+" "+name) {
		t.Errorf("got %q, want the completion to be known", got)
	}
	for line, want := range cases {
		words := strings.Split(line, " ")
		// Outside of a completion there are no options of it to set.
		got := inShell(t, name, script, []string{"bash", "--norc"}, fmt.Sprintf(
			`source "$1"; compopt() { :; }; COMP_TYPE=9 COMP_WORDS=(%s %s) COMP_CWORD=%d; [[ -n "%s" ]] || COMP_WORDS+=(''); %s; printf '%%s\n' "${COMPREPLY[@]}"`,
			name, line, len(words), words[len(words)-1], function))
		Same(t, fmt.Sprintf("%q", line), described(got, "  "), want)
	}
}

// Fish holds that a real fish completes as cases have it, see [Bash].
func Fish(t *testing.T, name, script string, cases map[string][]string) {
	t.Helper()
	for line, want := range cases {
		if line == "-" {
			continue // fish shows short flags only, until a second dash
		}
		got := inShell(t, name, script, []string{"fish", "--no-config"}, fmt.Sprintf("source $argv[2]; complete -C '%s %s'", name, line))
		Same(t, fmt.Sprintf("%q", line), described(got, "\t"), want)
	}
}

// Zsh holds that a real zsh reads the completions, knows whose they are, and is
// given what cases have, see [Bash], to choose from.
func Zsh(t *testing.T, name, script string, cases map[string][]string) {
	t.Helper()
	got := inShell(t, name, script, []string{"zsh", "-f"}, `zsh -n "$1" && autoload -Uz compinit && compinit -D && source "$1" && print -- $_comps[`+name+`]`)
	if strings.TrimSpace(got) != "_"+name {
		t.Errorf("got %q, want _%s", got, name)
	}
	for line, want := range cases {
		words := strings.Split(line, " ")
		begun := words[len(words)-1]
		if begun == "" {
			line += "''"
		}
		got := inShell(t, name, script, []string{"zsh", "-f"}, fmt.Sprintf(
			`compdef() { }; source "$1"; _describe() { print -rl -- $completions; }; _arguments() { }; words=(%s %s) CURRENT=%d; _%s || true`,
			name, line, len(words)+1, name))
		// Of what the program offers a shell takes what begins as the word does.
		offered := slices.DeleteFunc(described(got, ":"), func(word string) bool { return !strings.HasPrefix(word, begun) })
		Same(t, fmt.Sprintf("%q", line), offered, want)
	}
}

// described are the words at the beginning of lines, before what describes them.
func described(lines, before string) []string {
	var words []string
	for line := range strings.Lines(lines) {
		if word, _, _ := strings.Cut(strings.TrimSpace(line), before); word != "" {
			words = append(words, word)
		}
	}
	return words
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
