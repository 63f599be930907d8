// SPDX-License-Identifier: MIT

package completion

import (
	"fmt"
	"slices"
	"strings"
)

func (p Program) bash() string {
	var b strings.Builder
	function := "_" + strings.ReplaceAll(p.Name, "-", "_")
	files, values := map[string]bool{}, map[string]bool{}
	branch := func(pattern string, flags []Flag, words []string, behind []Flag) {
		for _, f := range slices.Concat(flags, behind) {
			for _, name := range f.Dashed() {
				files[name] = files[name] || f.file()
				values[name] = values[name] || f.Value != "" && !f.file()
			}
		}
		fmt.Fprintf(&b, "\t%s) flags=%s words=%s behind=%s ;;\n", pattern,
			quote(strings.Join(Typed(flags), " ")), quote(strings.Join(words, " ")), quote(strings.Join(dashed(behind), " ")))
	}
	b.WriteString(`# bash completion of ` + p.Name + `. Use it with: source <(` + p.Name + ` completion bash)

` + function + `() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=/ flags words behind word
	# The word after the program is a command, or there is none.
	if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then command=${COMP_WORDS[1]}; fi
	COMPREPLY=()
	case $command in
`)
	branch("/", p.Flags, p.names(), nil)
	for _, c := range p.Commands {
		branch(c.Name, c.Flags, c.Words, c.Behind)
	}
	b.WriteString("\t*) return ;;\n\tesac\n")
	b.WriteString("\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tif [[ $word == -- ]]; then flags=$behind words=; fi\n\tdone\n")
	b.WriteString("\tcase $prev in\n")
	if in := keys(files); len(in) > 0 {
		fmt.Fprintf(&b, "\t%s) return ;; # a file, which bash completes itself\n", strings.Join(in, "|"))
	}
	if in := keys(values); len(in) > 0 {
		fmt.Fprintf(&b, "\t%s) compopt +o default 2>/dev/null; return ;;\n", strings.Join(in, "|"))
	}
	b.WriteString(`	esac
	compopt +o default 2>/dev/null
	if [[ $cur == -* ]]; then words=$flags; elif [[ $command == / ]] && ((COMP_CWORD > 1)); then words=; fi
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F ` + function + ` ` + p.Name + "\n")
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
