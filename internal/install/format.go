// SPDX-License-Identifier: MIT

package install

import (
	"bytes"
	"cmp"
	"slices"
)

// Format is a way to write a configuration file. Its functions change nothing
// but what they are asked to, byte for byte. A path leads from the top of the
// file to the entry.
type Format interface {
	// container is what the format calls a set of names with values.
	container() string
	// decode returns what the file says. An empty file says nothing.
	decode(text []byte) (map[string]any, error)
	// insert adds the entry, which is not there yet, and the tables it stands in.
	insert(text []byte, path []string, entry []member) ([]byte, error)
	// update makes the entry say this, and leaves what else it says.
	update(text []byte, path []string, entry []member) ([]byte, error)
	// remove takes the entry out, and that many tables above it if that leaves
	// them empty.
	remove(text []byte, path []string, parents int) ([]byte, error)
}

// The formats of the table.
var (
	// JSON is JSON as it is specified.
	JSON Format = jsonFormat{strict: true}
	// JSONC is JSON in which comments and trailing commas are left alone.
	JSONC Format = jsonFormat{}
	// TOML is TOML 1.0.
	TOML Format = tomlFormat{}
)

// splice is a stretch of a text and what comes in its place.
type splice struct {
	start, end int
	text       string
}

// apply makes the changes, which do not overlap.
func apply(text []byte, changes ...splice) []byte {
	slices.SortStableFunc(changes, func(a, b splice) int { return cmp.Compare(a.start, b.start) })
	var out []byte
	at := 0
	for _, c := range changes {
		out = append(append(out, text[at:c.start]...), c.text...)
		at = c.end
	}
	return append(out, text[at:]...)
}

const space = " \t\r\n"

func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }

// newline is how the text ends its lines.
func newline(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// indent is the white space at the start of the line that at is on.
func indent(text []byte, at int) string {
	line := text[bytes.LastIndexByte(text[:at], '\n')+1 : at]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}
