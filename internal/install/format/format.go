// SPDX-License-Identifier: MIT

// Package format changes configuration files of other programs: JSON, JSON with comments,
// and TOML. It takes and gives texts, puts an entry in, makes it say something else, or
// takes it out, and leaves all the rest as it is, byte for byte.
//
// What a text says is a tree of maps, lists and values, which [Lookup], [With] and the
// like read and change, so that a caller can compare what it got with what it wanted.
// What cannot be read, or not be changed so, is an error that names the place and shows
// nothing of the text. It imports a parser of each kind, and touches no file.
package format

import (
	"bytes"
	"cmp"
	"slices"
)

// Format is a way to write a configuration file. Its functions change nothing
// but what they are asked to, byte for byte. A path leads from the top of the
// file to the entry.
type Format interface {
	// Container is what the format calls a set of names with values.
	Container() string
	// Decode returns what the file says. An empty file says nothing.
	Decode(text []byte) (map[string]any, error)
	// Insert adds the entry, which is not there yet, and the tables it stands in.
	Insert(text []byte, path []string, entry []Member) ([]byte, error)
	// Update makes the entry say this, and leaves what else it says.
	Update(text []byte, path []string, entry []Member) ([]byte, error)
	// Remove takes the entry out, and that many tables above it if that leaves
	// them empty.
	Remove(text []byte, path []string, parents int) ([]byte, error)
}

// The formats that clients use.
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
