// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strings"
)

func zshCompletion(all []command) string {
	var b strings.Builder
	arguments := func(c command) {
		b.WriteString("\t\t_arguments -s")
		for _, f := range flagsOf(c.flags()) {
			b.WriteString(" \\\n\t\t\t" + f.zsh())
		}
		b.WriteString(" \\\n\t\t\t'--help[print the help]'")
		if c.words != nil {
			b.WriteString(" \\\n\t\t\t" + quote("1: :("+strings.Join(c.words(), " ")+")"))
		}
		b.WriteString("\n\t\t;;\n")
	}
	b.WriteString("#compdef " + program + `
# zsh completion of ` + program + `. Put it into a folder of $fpath as _` + program + `, or use it with: source <(` + program + ` completion zsh)

_tailscale-mcp-proxy() {
	local -a commands
	commands=(
`)
	for _, c := range all {
		fmt.Fprintf(&b, "\t\t%s\n", quote(c.name+":"+strings.ReplaceAll(c.summary, ":", `\:`)))
	}
	b.WriteString(`	)
	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
		_describe -t commands command commands
		return
	fi
	local command=
	if [[ $words[2] != -* ]]; then
		command=$words[2]
		shift words
		(( CURRENT-- ))
	fi
	case $command in
	'')
`)
	arguments(relay())
	for _, c := range all {
		fmt.Fprintf(&b, "\t%s)\n", c.name)
		arguments(c)
	}
	b.WriteString(`	esac
}

if [[ $funcstack[1] == _tailscale-mcp-proxy ]]; then
	_tailscale-mcp-proxy "$@"
else
	compdef _tailscale-mcp-proxy ` + program + `
fi
`)
	return b.String()
}

// zsh is the flag as _arguments has it.
func (f flagInfo) zsh() string {
	names := f.dashed()
	escape := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `:`, `\:`)
	spec := "[" + escape.Replace(f.summary()) + "]"
	switch {
	case f.file():
		spec += ":" + escape.Replace(f.value) + ":_files"
	case f.value != "":
		spec += ":" + escape.Replace(f.value) + ": "
	}
	if len(names) == 1 {
		if f.repeated {
			return quote("*" + names[0] + spec)
		}
		return quote(names[0] + spec)
	}
	return quote("("+strings.Join(names, " ")+")") + "{" + strings.Join(names, ",") + "}" + quote(spec)
}
