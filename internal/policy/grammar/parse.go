// SPDX-License-Identifier: MIT

package grammar

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/nesting"
)

// What a file may have at most. The reader of HuJSON keeps about a hundred bytes a value
// and calls itself for each level; a rule takes up to 400 bytes.
const (
	maxText   = 4 << 20
	maxValues = 200_000
	maxRules  = 20_000 // of one section
)

const nextWhole = "give the whole policy file in HuJSON, as get_policy shows it"

// Parse reads a file. Its error is an [*Error] with line and column: a text that is no
// HuJSON object, a name twice in one object, a section of another form, a text that is
// too large. Whether the names mean something is [Validate]'s.
func Parse(text string) (*File, error) {
	r := newReader(text)
	if !r.bounded() {
		return nil, r.err
	}
	v, err := hujson.Parse([]byte(text))
	if err != nil {
		return nil, r.unreadable(err)
	}
	if v.Value.Kind() != '{' {
		return nil, &Error{Place: r.place(v), Message: "the policy is no object", Next: nextWhole}
	}
	f := &File{Text: text}
	r.file(f, v)
	if r.err != nil {
		return nil, r.err
	}
	f.faults = r.faults
	return f, nil
}

// bounded holds a text to the bounds before anything is built of it. It need not
// understand the text: what it counts too much of is in no policy file.
func (r *reader) bounded() bool {
	if len(r.text) > maxText {
		r.fail(r.at(0, 0), fmt.Sprintf("the policy has %d bytes; at most %d are read", len(r.text), maxText), "shorten the file")
		return false
	}
	if i := nesting.TooDeepAt(r.text); i >= 0 {
		r.fail(r.at(i, i), fmt.Sprintf("more than %d lists and objects of the policy are within each other", nesting.Most), "flatten what is nested")
		return false
	}
	values := 0
	for i := 0; i < len(r.text); i++ {
		switch r.text[i] {
		case '"':
			i = nesting.EndOfString(r.text, i)
		case '/':
			i = max(i, nesting.SkipComment(r.text, i)-1)
		case ',', ':':
			values++
		}
		if values > maxValues {
			r.fail(r.at(i, i), fmt.Sprintf("the policy has more than %d values", maxValues), "join rules, or use groups and ipsets")
			return false
		}
	}
	return true
}

var hujsonPlace = regexp.MustCompile(`^hujson: line (\d+), column (\d+): `)

// unreadable makes a mistake of what hujson says: it names the place only in its words.
func (r *reader) unreadable(err error) *Error {
	message, where := err.Error(), Place{Line: 1, Column: 1}
	if m := hujsonPlace.FindStringSubmatch(message); m != nil {
		where.Line, _ = strconv.Atoi(m[1])
		where.Column, _ = strconv.Atoi(m[2])
		where.Begin = min(int(r.lines[where.Line-1])+where.Column-1, len(r.text))
		where.End = where.Begin
	}
	if len(message) > 300 { // an invalid literal is told whole
		message = strings.ToValidUTF8(message[:300], "") + "…"
	}
	return &Error{
		Place:   where,
		Message: "the policy is not readable: " + message,
		Next:    "look for a missing comma, quote or bracket there or in the line before; or " + nextWhole,
	}
}
