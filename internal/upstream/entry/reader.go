// SPDX-License-Identifier: MIT

package entry

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/visible"
)

// reader takes one file apart and collects what is wrong with it.
type reader struct {
	file     string
	text     []byte
	mistakes Mistakes

	networkWrong bool // where the server may be is not known, so that nothing follows from it
}

// whole reports what is wrong with the file as a whole.
func (r *reader) whole(what, remedy string) {
	r.mistakes = append(r.mistakes, Mistake{File: r.file, What: what, Remedy: remedy})
}

// wrong reports what is wrong at an offset.
func (r *reader) wrong(at int, what, remedy string) {
	before := r.text[:min(at, len(r.text))]
	last := bytes.LastIndexByte(before, '\n') + 1
	r.mistakes = append(r.mistakes, Mistake{
		File: r.file, Line: 1 + bytes.Count(before, []byte{'\n'}), Column: 1 + utf8.RuneCount(before[last:]),
		What: what, Remedy: remedy,
	})
}

func nameOf(m hujson.ObjectMember) string {
	literal, _ := m.Name.Value.(hujson.Literal)
	return literal.String()
}

// shown is a word of the file, fit for a message.
func shown(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return visible.Text(strconv.Quote(s))
}

// members calls found for each member of an object, and reports names that stand
// there twice. It reports a value that is no object as well.
func (r *reader) members(v hujson.Value, what, remedy string, most int, found func(name string, at int, v hujson.Value)) {
	o, ok := v.Value.(*hujson.Object)
	if !ok {
		r.wrong(v.StartOffset, what+" is not an object", remedy)
		return
	}
	seen := map[string]bool{}
	for i, m := range o.Members {
		name, at := nameOf(m), m.Name.StartOffset
		switch {
		case i == most:
			r.wrong(at, fmt.Sprintf("%s has more than %d members", what, most), "leave some out")
			return
		case seen[name]:
			r.wrong(at, shown(name)+" stands there twice", "give each key once")
			continue
		}
		seen[name] = true
		found(name, at, m.Value)
	}
}

// elsewhere are keys of some clients for what all others call otherwise.
var elsewhere = map[string]string{"serverUrl": "url", "httpUrl": "url", "servers": "mcpServers"}

// unknown reports a key that means nothing here.
func (r *reader) unknown(at int, name, where string, known []string) {
	remedy := "the keys there are " + strings.Join(known, ", ")
	meant := spelling.Nearest(name, known)
	if ours, there := elsewhere[name]; there && where == "" {
		meant = ours
	}
	if meant != "" {
		remedy = "did you mean " + meant + "? " + remedy
	}
	r.wrong(at, "unknown key "+shown(name)+where, remedy)
}

// string returns a string without the characters that no name, path or argument has.
func (r *reader) string(v hujson.Value, what string) (string, bool) {
	literal, ok := v.Value.(hujson.Literal)
	if !ok || literal.Kind() != '"' {
		r.wrong(v.StartOffset, what+" is not a string", "write it in quotes")
		return "", false
	}
	s := literal.String()
	if strings.ContainsRune(s, 0) {
		r.wrong(v.StartOffset, what+" has a NUL character", "leave it out")
		return "", false
	}
	return s, true
}

// list calls found for each string of a list.
func (r *reader) list(v hujson.Value, what string, most int, found func(at int, s string)) {
	a, ok := v.Value.(*hujson.Array)
	if !ok {
		r.wrong(v.StartOffset, what+" is not a list", `write ["...", "..."]`)
		return
	}
	for i, e := range a.Elements {
		if i == most {
			r.wrong(e.StartOffset, fmt.Sprintf("%s has more than %d elements", what, most), "leave some out")
			return
		}
		if s, ok := r.string(e, "an element of "+what); ok {
			found(e.StartOffset, s)
		}
	}
}

func (r *reader) boolean(v hujson.Value, what string, to *bool) {
	literal, ok := v.Value.(hujson.Literal)
	if k := v.Value.Kind(); !ok || k != 't' && k != 'f' {
		r.wrong(v.StartOffset, what+" is neither true nor false", "write true or false, without quotes")
		return
	}
	*to = literal.Bool()
}

// integer reads a whole number between two bounds.
func (r *reader) integer(v hujson.Value, what string, least, most int, to *int) {
	literal, ok := v.Value.(hujson.Literal)
	n, err := strconv.Atoi(string(literal))
	if !ok || err != nil || n < least || n > most {
		r.wrong(v.StartOffset, what+" is not a number from "+fmt.Sprintf("%d to %d", least, most), "write such a number, without quotes")
		return
	}
	*to = n
}
