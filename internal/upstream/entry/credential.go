// SPDX-License-Identifier: MIT

package entry

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const credentialStart = "${credential:"

// credentialName is what a credential of a server is called behind NAME and a dot.
var credentialName = pattern(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// variable is how clients write one that they replace.
var variable = pattern(`\$\{[A-Z_][A-Z0-9_]{0,60}\}`)

// pattern is a regular expression that is compiled when it is needed first: the launcher
// starts anew for each process of a server, and most entries need few.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// pieces splits a value of env or headers: even pieces are text, odd ones names of
// credentials. It fails at a reference that does not end.
func pieces(text string) (split []string, ok bool) {
	for {
		before, rest, found := strings.Cut(text, credentialStart)
		split = append(split, before)
		if !found {
			return split, true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, false
		}
		split = append(split, name)
		text = after
	}
}

// references reports what is wrong with the references of a value, without repeating
// the value. No header has a variable of a client in it.
func (r *reader) references(at int, text, server string, header bool) bool {
	split, ok := pieces(text)
	if !ok {
		r.wrong(at, credentialStart+" has no end", "write ${credential:"+server+".NAME}")
		return false
	}
	for i, piece := range split {
		switch name, own := strings.CutPrefix(piece, server+"."); {
		case i%2 == 0 && (strings.Contains(piece, "${input:") || strings.Contains(piece, "${env:")):
			r.wrong(at, "a client would replace ${input:…} or ${env:…}, nothing here does", "write the value, or ${credential:"+server+".NAME}")
			return false
		case i%2 == 0 && header && variable().MatchString(piece):
			r.wrong(at, "a client would replace "+variable().FindString(piece)+", nothing here does", "write the value, or ${credential:"+server+".NAME}")
			return false
		case i%2 == 1 && !own:
			r.wrong(at, "a server may have credentials only whose name begins with its own", "call it "+server+".NAME, here and in /etc/credstore")
			return false
		case i%2 == 1 && !credentialName().MatchString(name):
			r.wrong(at, "this is no name for a credential", "behind "+server+". use up to 64 letters, digits, dots, hyphens and underscores")
			return false
		}
	}
	return true
}

// Credentials returns the names of the credentials that the entry refers to, each once
// and in order.
func (s Server) Credentials() []string {
	var names []string
	for _, texts := range []map[string]string{s.Env, s.Headers} {
		for text := range maps.Values(texts) {
			split, _ := pieces(text)
			for i := 1; i < len(split); i += 2 {
				names = append(names, split[i])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Fill returns texts, which are Env or Headers, with each reference replaced by what
// credential returns for its name. It fails where credential does, and names the key.
func Fill(texts map[string]string, credential func(name string) (string, error)) (map[string]string, error) {
	filled := make(map[string]string, len(texts))
	for key, text := range texts {
		split, _ := pieces(text)
		for i := 1; i < len(split); i += 2 {
			value, err := credential(split[i])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			split[i] = value
		}
		filled[key] = strings.Join(split, "")
	}
	return filled, nil
}
