// SPDX-License-Identifier: MIT

package entry

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/visible"
)

// maxFile is the largest file that is read, in bytes.
const maxFile = 1 << 20

// maxDepth is how deep objects and lists may be in each other; an entry needs five.
const maxDepth = 32

const wholeEntry = `write {"command": "...", "args": [...]} or {"url": "https://..."}, alone or in an "mcpServers" object`

// Parse reads the entry of the server called name out of text; file is named in
// mistakes. The error is of type [Mistakes] and has all of them.
func Parse(name, file string, text []byte) (Server, error) {
	r := &reader{file: file, text: text}
	s := defaults(name, file)
	if !grant.IsServerName(name) {
		r.whole(fmt.Sprintf("%q is no name for a server", name), nameRule)
	}
	if v, ok := r.root(); ok {
		r.entry(v, &s)
	}
	if len(r.mistakes) > 0 {
		return Server{}, r.mistakes.sorted()
	}
	return s, nil
}

const nameRule = "name the file by up to 31 lower case letters, digits and hyphens, a letter or digit first, and .json, " +
	"but not mcp, healthz, metrics, tailscale, group, read, write, destructive, escalating or all"

// root reads the text down to the object that describes the server.
func (r *reader) root() (hujson.Value, bool) {
	none := hujson.Value{}
	if len(r.text) > maxFile {
		r.whole(fmt.Sprintf("the file has %d bytes", len(r.text)), "a file has 1 MiB at most: keep data in files of their own")
		return none, false
	}
	if at := invalid(r.text); at >= 0 {
		r.wrong(at, "this is not UTF-8", "save the file as UTF-8")
		return none, false
	}
	if at := tooDeep(r.text); at >= 0 {
		r.wrong(at, fmt.Sprintf("more than %d brackets are open", maxDepth), wholeEntry)
		return none, false
	}
	v, err := hujson.Parse(r.text)
	if err != nil {
		m := Mistake{File: r.file, What: "it is not JSON", Remedy: "comments and trailing commas are accepted, all else is JSON"}
		if _, scan := fmt.Sscanf(err.Error(), "hujson: line %d, column %d:", &m.Line, &m.Column); scan == nil {
			_, why, _ := strings.Cut(strings.TrimPrefix(err.Error(), "hujson: "), ": ")
			why, _, _ = strings.Cut(why, "invalid literal: ") // which it repeats, and may be a secret
			m.What += " (" + visible.Text(cmp.Or(why, "invalid literal")) + ")"
		}
		r.mistakes = append(r.mistakes, m)
		return none, false
	}
	top, ok := v.Value.(*hujson.Object)
	if !ok {
		r.wrong(v.StartOffset, "it is not an object", wholeEntry)
		return none, false
	}
	i := slices.IndexFunc(top.Members, func(m hujson.ObjectMember) bool { return nameOf(m) == "mcpServers" })
	if i < 0 {
		return v, true
	}
	return r.only(top, i)
}

// only returns the one server of the "mcpServers" object, which is a member of top. What its member is called
// does not matter: it is the file that names the server.
func (r *reader) only(top *hujson.Object, at int) (hujson.Value, bool) {
	for i, more := range top.Members {
		if i == at {
			continue
		}
		if i == maxArgs {
			break
		}
		r.wrong(more.Name.StartOffset, fmt.Sprintf("%s stands beside \"mcpServers\"", shown(nameOf(more))), "keys of a server belong into its object")
	}
	servers, ok := top.Members[at].Value.Value.(*hujson.Object)
	if !ok || len(servers.Members) == 0 {
		r.wrong(top.Members[at].Value.StartOffset, "\"mcpServers\" has no server", `write {"mcpServers": {"NAME": {"command": "..."}}}`)
		return hujson.Value{}, false
	}
	for _, more := range servers.Members[1:min(len(servers.Members), maxArgs)] {
		r.wrong(more.Name.StartOffset, fmt.Sprintf("%s is a second server", shown(nameOf(more))), "each server has a file of its own, NAME.json")
	}
	return servers.Members[0].Value, true
}

// invalid returns where text ceases to be UTF-8; -1 if it does not.
func invalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// tooDeep returns where text opens one bracket more than maxDepth, strings and comments
// left out; -1 if it does not. The parser of HuJSON has no bound of its own.
func tooDeep(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return i
			}
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '/':
			n := comment(text[i:])
			if n < 0 {
				return -1 // it does not end, as the parser will say
			}
			i += n
		}
	}
	return -1
}

// comment returns how far the end of the comment is that text begins with; 0 if there is
// none, -1 if it has no end.
func comment(text []byte) int {
	end := ""
	switch {
	case bytes.HasPrefix(text, []byte("//")):
		end = "\n"
	case bytes.HasPrefix(text, []byte("/*")):
		end = "*/"
	default:
		return 0
	}
	n := bytes.Index(text[2:], []byte(end))
	if n < 0 {
		return -1
	}
	return 2 + n + len(end) - 1
}
