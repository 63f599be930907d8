// SPDX-License-Identifier: MIT

package past

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/tsapi"
)

// File is the policy file as the log holds it. Neither the form there nor that it is
// there at all is documented.
type File struct {
	// Text is empty when the log does not hold the file.
	Text string
	// Plain marks what was a JSON value: it has no comments, and the layout is ours.
	Plain bool
}

// fileOf reads a policy file as the log may hold it: as HuJSON, that in base64, or as
// a JSON value.
func fileOf(o tsapi.Object, name string) File {
	value, ok := o.Field(name)
	var s string
	switch {
	case !ok:
		return File{}
	case json.Unmarshal(value, &s) == nil: // null too
		// No policy file is valid base64, which has no braces.
		if decoded, err := base64.StdEncoding.DecodeString(s); err == nil && utf8.Valid(decoded) {
			s = string(decoded)
		}
		return File{Text: s}
	}
	var laidOut bytes.Buffer
	if json.Indent(&laidOut, value, "", "\t") != nil {
		return File{} // cannot be: it is part of an answer that was read
	}
	return File{Text: laidOut.String() + "\n", Plain: true}
}

// Same reports whether two files are the same, as far as what the log holds of them
// tells.
func (f File) Same(g File) bool {
	if f.Plain || g.Plain {
		return f.Text != "" && g.Text != "" && bytes.Equal(values(f.Text), values(g.Text))
	}
	return f.Text == g.Text
}

// Texts returns both files in one form, for a comparison by lines: where one is plain,
// the other is shown without its comments too.
func Texts(f, g File) (string, string) {
	if f.Plain == g.Plain {
		return f.Text, g.Text
	}
	return indented(f.Text), indented(g.Text)
}

// indented is a file without comments, laid out line by line.
func indented(text string) string {
	var laidOut bytes.Buffer
	if json.Indent(&laidOut, values(text), "", "\t") != nil {
		return text
	}
	return laidOut.String() + "\n"
}

// values is a file without comments and layout, its sections in the order of names.
func values(text string) []byte {
	standard, err := hujson.Standardize([]byte(text))
	var value any
	if err != nil || json.Unmarshal(standard, &value) != nil {
		return []byte(text)
	}
	plain, err := json.Marshal(value)
	if err != nil {
		return []byte(text)
	}
	return plain
}
