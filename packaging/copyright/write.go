// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

const head = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: tailscale-mcp
Comment: The program is linked with the Go modules named below. Their files are
 named as 'go mod vendor' lays them out.
`

// write prints the file: the project, then what is linked into it, with one
// paragraph for all that have the same text.
func write(out io.Writer, own part, parts []part, common string) error {
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.files, b.files) })
	var b strings.Builder
	b.WriteString(head)
	paragraph(&b, []part{own}, common)
	for len(parts) > 0 {
		first := parts[0]
		var same, others []part
		for _, p := range parts {
			if p.text == first.text && p.notice == first.notice && slices.Equal(p.holders, first.holders) {
				same = append(same, p)
			} else {
				others = append(others, p)
			}
		}
		paragraph(&b, same, common)
		parts = others
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// paragraph describes parts that differ in nothing but their names.
func paragraph(b *strings.Builder, parts []part, common string) {
	p := parts[0]
	b.WriteString("\nFiles:")
	for _, p := range parts {
		b.WriteString(" " + p.files + "\n")
	}
	b.WriteString("Copyright: " + strings.Join(p.holders, "\n ") + "\n")
	b.WriteString("License: " + p.licence + "\n")
	if common != "" && p.licence == "Apache-2.0" {
		fmt.Fprintf(b, " On Debian systems the whole text is in %s.\n", path.Join(common, p.licence))
	} else {
		continued(b, p.text)
	}
	if p.what == "" {
		return
	}
	b.WriteString("Comment:")
	for _, p := range parts {
		b.WriteString(" " + p.what + "\n")
	}
	if p.notice != "" {
		b.WriteString(" .\n")
		continued(b, p.notice)
	}
}

// continued writes lines that belong to a field.
func continued(b *strings.Builder, text string) {
	for line := range strings.Lines(strings.Trim(text, "\n") + "\n") {
		if line = strings.TrimRight(line, " \t\n"); line == "" {
			line = "."
		}
		b.WriteString(" " + line + "\n")
	}
}
