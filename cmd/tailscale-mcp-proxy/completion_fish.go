// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strings"
)

func fishCompletion(all []command) string {
	var b strings.Builder
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	line := func(condition, rest, summary string) {
		fmt.Fprintf(&b, "complete -c %s -n '%s' %s", program, condition, rest)
		if summary != "" {
			fmt.Fprintf(&b, " -d '%s'", escape.Replace(summary))
		}
		b.WriteString("\n")
	}
	b.WriteString("# fish completion of " + program + ". Use it with: " + program + " completion fish | source\n\n")
	fmt.Fprintf(&b, "complete -c %s -f\n", program)
	none := "not __fish_seen_subcommand_from " + strings.Join(namesOf(all), " ")
	for _, c := range all {
		line("__fish_use_subcommand", "-a "+c.name, c.summary)
	}
	for _, c := range append([]command{relay()}, all...) {
		condition := "__fish_seen_subcommand_from " + c.name
		if c.name == "" {
			condition = none
		}
		for _, f := range flagsOf(c.flags()) {
			line(condition, f.fish(), f.summary())
		}
		line(condition, "-l help", "print the help")
		if c.words != nil {
			line(condition, "-a '"+strings.Join(c.words(), " ")+"'", "")
		}
	}
	return b.String()
}

// fish are the flag's names and what stands behind it, as complete has it.
func (f flagInfo) fish() string {
	var b strings.Builder
	for _, name := range f.names {
		if len(name) == 1 {
			b.WriteString("-s " + name + " ")
		} else {
			b.WriteString("-l " + name + " ")
		}
	}
	switch {
	case f.file():
		b.WriteString("-r -F")
	case f.value != "":
		b.WriteString("-x")
	}
	return strings.TrimSpace(b.String())
}
