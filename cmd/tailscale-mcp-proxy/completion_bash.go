// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"
	"strings"
)

func bashCompletion(all []command) string {
	var b strings.Builder
	files, values := map[string]bool{}, map[string]bool{}
	branch := func(pattern string, c command, words []string) {
		flags := flagsOf(c.flags())
		for _, f := range flags {
			for _, name := range f.dashed() {
				files[name] = files[name] || f.file()
				values[name] = values[name] || f.value != "" && !f.file()
			}
		}
		fmt.Fprintf(&b, "\t%s) flags=%s words=%s ;;\n", pattern, quote(strings.Join(typed(flags), " ")), quote(strings.Join(words, " ")))
	}
	b.WriteString(`# bash completion of ` + program + `. Use it with: source <(` + program + ` completion bash)

_tailscale_mcp_proxy() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=/ flags words
	# The word after the program is a command, or there is none.
	if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then command=${COMP_WORDS[1]}; fi
	COMPREPLY=()
	case $command in
`)
	branch("/", relay(), namesOf(all))
	for _, c := range all {
		var words []string
		if c.words != nil {
			words = c.words()
		}
		branch(c.name, c, words)
	}
	b.WriteString("\t*) return ;;\n\tesac\n")
	b.WriteString("\tcase $prev in\n")
	fmt.Fprintf(&b, "\t%s) return ;; # a file, which bash completes itself\n", strings.Join(keys(files), "|"))
	fmt.Fprintf(&b, "\t%s) compopt +o default 2>/dev/null; return ;;\n", strings.Join(keys(values), "|"))
	b.WriteString(`	esac
	compopt +o default 2>/dev/null
	if [[ $cur == -* ]]; then words=$flags; elif [[ $command == / ]] && ((COMP_CWORD > 1)); then words=; fi
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _tailscale_mcp_proxy ` + program + "\n")
	return b.String()
}

// keys are those of a set that are in it, in order.
func keys(set map[string]bool) []string {
	var in []string
	for key, ok := range set {
		if ok {
			in = append(in, key)
		}
	}
	slices.Sort(in)
	return in
}
