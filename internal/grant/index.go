// SPDX-License-Identifier: MIT

package grant

import "strings"

// index arranges the selectors of one entry for one server, or for Tailscale, for
// lookup. Each map leads from what is asked about to the text for Decision.By.
type index struct {
	toolNames map[string]string
	groups    map[groupClass]string
	classes   map[Class]string
	prefixes  map[string]string // key: what names of tools begin with
	anyTool   string            // empty: not granted

	uris        map[string]string
	sorted      []string          // the keys of uris
	templates   map[string]string // key: the literal template
	below       map[string]string // key: the selector without "*", so it ends in "/"
	bases       []string          // the keys of below, sorted
	longestBase int               // bytes of the longest key of below
	anyResource string            // empty: not granted

	prompts   map[string]string
	anyPrompt string // empty: not granted
}

// groupClass is a group selector; Class is empty for "group:NAME".
type groupClass struct {
	group string
	class Class
}

const (
	byTools     = keyTools + ": "
	byResources = keyResources + ": "
	byPrompts   = keyPrompts + ": "
	byAnyEntry  = "any entry"
)

func (ix *index) tool(t Tool) (by string, ok bool) {
	if by, ok := ix.toolNames[t.Name]; ok {
		return by, true
	}
	broad := t.Class != Escalating // whether selectors that do not name the class may match
	if broad {
		if by, ok := ix.beginning(t.Name); ok {
			return by, true
		}
	}
	if by, ok := ix.groups[groupClass{t.Group, t.Class}]; ok {
		return by, true
	}
	if broad {
		if by, ok := ix.groups[groupClass{t.Group, ""}]; ok {
			return by, true
		}
	}
	if by, ok := ix.classes[t.Class]; ok {
		return by, true
	}
	return ix.anyTool, broad && ix.anyTool != ""
}

// beginning finds the longest prefix of the name that is granted.
func (ix *index) beginning(name string) (by string, ok bool) {
	if len(ix.prefixes) == 0 {
		return "", false
	}
	for n := len(name); n > 0; n-- {
		if by, ok := ix.prefixes[name[:n]]; ok {
			return by, true
		}
	}
	return "", false
}

func (ix *index) prompt(name string) (by string, ok bool) {
	if by, ok := ix.prompts[name]; ok {
		return by, true
	}
	return ix.anyPrompt, ix.anyPrompt != ""
}

// addTool enters a selector that has been checked; text is how it was written.
func (ix *index) addTool(sel toolSelector, text string) {
	by := byTools + text
	switch sel.kind {
	case everything:
		ix.anyTool = by
	case exactly:
		put(&ix.toolNames, sel.name, by)
	case beginning:
		put(&ix.prefixes, sel.name, by)
	case ofClass:
		put(&ix.classes, sel.class, by)
	case ofGroup:
		put(&ix.groups, groupClass{sel.name, sel.class}, by)
	}
}

func (ix *index) addResource(kind kind, uri, text string) {
	by := byResources + text
	switch kind {
	case everything:
		ix.anyResource = by
	case exactly:
		put(&ix.uris, uri, by)
	case ofTemplate:
		put(&ix.templates, uri, by)
	case descendants:
		base := strings.TrimSuffix(uri, "*")
		put(&ix.below, base, by)
		ix.longestBase = max(ix.longestBase, len(base))
	}
}

func (ix *index) addPrompt(name, text string) {
	if name == "*" {
		ix.anyPrompt = byPrompts + text
		return
	}
	put(&ix.prompts, name, byPrompts+text)
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}
