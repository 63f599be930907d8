// SPDX-License-Identifier: MIT

package completion

import (
	"fmt"
	"strings"
)

func (p Program) zsh() string {
	var b strings.Builder
	list := func(flags []Flag) {
		b.WriteString("\t\t_arguments -s")
		for _, f := range flags {
			b.WriteString(" \\\n\t\t\t" + f.zsh())
		}
	}
	arguments := func(c Command) {
		list(c.Flags)
		b.WriteString(" \\\n\t\t\t'--help[print the help]'")
		if c.Words != nil {
			which := map[bool]string{false: "1", true: "*"}[c.Many]
			b.WriteString(" \\\n\t\t\t" + quote(which+": :("+strings.Join(c.Words, " ")+")"))
		}
		b.WriteString("\n\t\t;;\n")
	}
	b.WriteString("#compdef " + p.Name + `
# zsh completion of ` + p.Name + `. Put it into a folder of $fpath as _` + p.Name + `, or use it with: source <(` + p.Name + ` completion zsh)

_` + p.Name + `() {
	local -a commands
	commands=(
`)
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "\t\t%s\n", quote(c.Name+":"+strings.ReplaceAll(c.Summary, ":", `\:`)))
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
		# Behind a -- stand the flags of something else.
		local -i behind=${words[(i)--]}
		if (( behind < CURRENT )); then
			command+=' --'
			(( CURRENT -= behind - 1 ))
			shift $(( behind - 1 )) words
		fi
	fi
	case $command in
	'')
`)
	arguments(p.root())
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "\t%s)\n", c.Name)
		arguments(c)
		if c.Behind != nil {
			fmt.Fprintf(&b, "\t'%s --')\n", c.Name)
			list(c.Behind)
			b.WriteString("\n\t\t;;\n")
		}
	}
	b.WriteString(`	esac
}

if [[ $funcstack[1] == _` + p.Name + ` ]]; then
	_` + p.Name + ` "$@"
else
	compdef _` + p.Name + ` ` + p.Name + `
fi
`)
	return b.String()
}

// zsh is the flag as _arguments has it.
func (f Flag) zsh() string {
	names := f.Dashed()
	escape := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `:`, `\:`)
	spec := "[" + escape.Replace(f.summary()) + "]"
	switch {
	case f.file():
		spec += ":" + escape.Replace(f.Value) + ":_files"
	case f.Value != "":
		spec += ":" + escape.Replace(f.Value) + ": "
	}
	if len(names) == 1 {
		if f.Repeated {
			return quote("*" + names[0] + spec)
		}
		return quote(names[0] + spec)
	}
	return quote("("+strings.Join(names, " ")+")") + "{" + strings.Join(names, ",") + "}" + quote(spec)
}
