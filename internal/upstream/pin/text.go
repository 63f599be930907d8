// SPDX-License-Identifier: MIT

package pin

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// lists are the keys of the file that hold lists.
var lists = []struct {
	key  string
	kind Kind
}{{"tools", Tool}, {"prompts", Prompt}, {"templates", Template}}

func (p *Pin) sort() {
	for _, list := range [][]Item{p.Tools, p.Prompts, p.Templates} {
		slices.SortFunc(list, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
	}
}

// Text returns the file that holds the pin.
func (p Pin) Text() []byte {
	p.Tools, p.Prompts, p.Templates = slices.Clone(p.Tools), slices.Clone(p.Prompts), slices.Clone(p.Templates)
	p.sort()
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n\"version\": %d", version)
	for _, part := range []struct{ key, text string }{{"title", p.Title.Title}, {"description", p.Title.Description}} {
		if part.text != "" {
			fmt.Fprintf(&b, ",\n%q: %s", part.key, quoted(part.text))
		}
	}
	if p.Instructions != nil {
		b.WriteString(",\n\"instructions\": " + p.Instructions.line())
	}
	if p.Capabilities != nil {
		b.WriteString(",\n\"capabilities\": " + p.Capabilities.line())
	}
	for _, list := range lists {
		fmt.Fprintf(&b, ",\n%q: [", list.key)
		between := "\n"
		p.all(func(kind Kind, item Item) {
			if kind == list.kind {
				b.WriteString(between + item.line())
				between = ",\n"
			}
		})
		if between != "\n" {
			b.WriteByte('\n')
		}
		b.WriteByte(']')
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

// line is the item as the file has it.
func (i Item) line() string {
	var b strings.Builder
	b.WriteByte('{')
	if i.AsIs {
		b.WriteString(`"asIs": true, `)
	}
	if i.Class != "" {
		fmt.Fprintf(&b, `"class": %q, `, i.Class)
	}
	fmt.Fprintf(&b, `"sha256": %q, "definition": %s}`, i.SHA256, i.Definition)
	return b.String()
}
