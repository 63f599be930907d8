// SPDX-License-Identifier: MIT

package pin

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/visible"
)

// maxName is the longest name of a tool or prompt that clients take, in characters.
const maxName = 64

// blemish says why an item is withheld unless it is approved as it is; empty if there is
// no reason.
func blemish(kind Kind, item Item) string {
	if kind == Tool || kind == Prompt {
		switch {
		case strings.Contains(item.Name, "/"):
			return "its name has a slash, which in a grant ends the name of a server"
		case utf8.RuneCountInString(item.Name) > maxName:
			return fmt.Sprintf("its name is longer than %d characters, which breaks clients", maxName)
		case !grant.IsToolName(item.Name):
			return "its name has characters that no grant can name"
		}
	}
	if n := hidden(item.Definition); n > 0 {
		return fmt.Sprintf("it has characters that nobody sees (%d)", n)
	}
	return ""
}

// hidden counts the invisible characters in the strings and names of a definition.
func hidden(definition json.RawMessage) int {
	n := 0
	dec := json.NewDecoder(strings.NewReader(string(definition)))
	for {
		token, err := dec.Token()
		if err != nil {
			return n // at the end: it is JSON in the canonical form
		}
		if s, ok := token.(string); ok {
			n += visible.Count(s)
		}
	}
}

// alike finds the names that no client or person can tell apart safely: why for each,
// and twice for those that cannot be approved at all.
func alike(items []found) (why map[int]string, twice map[int]bool) {
	type key struct {
		kind Kind
		name string
	}
	why, twice = map[int]string{}, map[int]bool{}
	exact, folded := map[key]int{}, map[key]int{}
	for i, f := range items {
		if f.broken != "" {
			continue
		}
		if j, there := exact[key{f.kind, f.item.Name}]; there {
			twice[i], twice[j] = true, true
			why[i] = "its name is given twice"
			why[j] = why[i]
			continue
		}
		exact[key{f.kind, f.item.Name}] = i
		if f.kind == Template {
			continue // URIs differ in case
		}
		k := key{f.kind, strings.ToLower(strings.ToUpper(f.item.Name))}
		j, there := folded[k]
		if !there {
			folded[k] = i
			continue
		}
		for _, pair := range [][2]int{{i, j}, {j, i}} {
			if why[pair[0]] == "" {
				why[pair[0]] = "its name differs from " + short(items[pair[1]].item.Name) + " in case only"
			}
		}
	}
	return why, twice
}
