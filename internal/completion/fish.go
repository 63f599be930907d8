// SPDX-License-Identifier: MIT

package completion

import (
	"fmt"
	"strings"
)

func (p Program) fish() string {
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	line := func(condition, rest, summary string) {
		fmt.Fprintf(&b, "complete -c %s -n '%s' %s", p.Name, condition, rest)
		if summary != "" {
			fmt.Fprintf(&b, " -d '%s'", escape.Replace(summary))
		}
		b.WriteString("\n")
	}
	b.WriteString("# fish completion of " + p.Name + ". Use it with: " + p.Name + " completion fish | source\n\n")
	fmt.Fprintf(&b, "complete -c %s -f\n", p.Name)
	none := "not __fish_seen_subcommand_from " + strings.Join(p.names(), " ")
	for _, c := range p.Commands {
		line("__fish_use_subcommand", "-a "+c.Name, c.Summary)
	}
	for _, c := range append([]Command{p.root()}, p.Commands...) {
		condition := "__fish_seen_subcommand_from " + c.Name
		if c.Name == "" {
			condition = none
		}
		for _, f := range c.Flags {
			line(condition, f.fish(), f.summary())
		}
		line(condition, "-l help", "print the help")
		if c.Words != nil {
			before := condition
			if c.Behind != nil {
				before += "; and not contains -- -- (commandline -opc)"
			}
			line(before, "-a '"+strings.Join(c.Words, " ")+"'", "")
		}
		// Behind -- fish takes nothing for a flag, but offers words that look so.
		for _, f := range c.Behind {
			for _, name := range f.Dashed() {
				line(condition+"; and contains -- -- (commandline -opc)", "-a '"+name+"'", f.summary())
			}
		}
	}
	return b.String()
}

// fish are the flag's names and what stands behind it, as complete has it.
func (f Flag) fish() string {
	var b strings.Builder
	for _, name := range f.Names {
		if len(name) == 1 {
			b.WriteString("-s " + name + " ")
		} else {
			b.WriteString("-l " + name + " ")
		}
	}
	switch {
	case f.file():
		b.WriteString("-r -F")
	case f.Value != "":
		b.WriteString("-x")
	}
	return strings.TrimSpace(b.String())
}
