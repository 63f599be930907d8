// SPDX-License-Identifier: MIT

package grant

import (
	"encoding/json"
	"slices"
)

// Summary names the tools of which may says yes by the selectors that a person would
// write: whole classes first, then whole groups, and the rest by name. all are the tools
// there are, of which an entry with these selectors gives exactly those.
func Summary(all []Tool, may func(Tool) bool) (selectors []string) {
	left := slices.DeleteFunc(slices.Clone(all), func(t Tool) bool { return !may(t) })
	// take names what is left of some tools by one selector, if that is all of them.
	take := func(selector string, least int, of func(Tool) bool) {
		has, lacks := 0, false
		for _, t := range left {
			if of(t) {
				has++
			}
		}
		for _, t := range all {
			lacks = lacks || of(t) && !may(t)
		}
		if has < least || lacks {
			return
		}
		selectors = append(selectors, selector)
		left = slices.DeleteFunc(left, of)
	}
	broad := func(t Tool) bool { return t.Class != Escalating }
	if classes := classesOf(all, broad); len(classes) > 1 && len(classes) == len(classesOf(left, broad)) && slices.ContainsFunc(classes, func(c Class) bool { return c != Read }) {
		take("*", 1, broad)
	}
	for _, c := range Classes() {
		take(string(c)+":*", 1, func(t Tool) bool { return t.Class == c })
	}
	for _, g := range groupsOf(left) {
		in := func(t Tool) bool { return t.Group == g }
		if len(classesOf(left, func(t Tool) bool { return in(t) && broad(t) })) > 1 {
			take("group:"+g, 2, func(t Tool) bool { return in(t) && broad(t) })
		}
		for _, c := range Classes() {
			take("group:"+g+":"+string(c), 2, func(t Tool) bool { return in(t) && t.Class == c })
		}
	}
	var names []string
	for _, t := range left {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return append(selectors, names...)
}

// classesOf are the classes of the tools that are meant, from the least harmful on.
func classesOf(tools []Tool, meant func(Tool) bool) []Class {
	return slices.DeleteFunc(Classes(), func(c Class) bool {
		return !slices.ContainsFunc(tools, func(t Tool) bool { return t.Class == c && meant(t) })
	})
}

// groupsOf are the names of the groups of tools, sorted.
func groupsOf(tools []Tool) (names []string) {
	for _, t := range tools {
		if t.Group != "" {
			names = append(names, t.Group)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ToolSelectors are what the entries name in "tools", sorted, each once.
func (r Rules) ToolSelectors() (all []string) {
	for _, text := range r.Entries() {
		var entry struct{ Tools []string }
		if json.Unmarshal([]byte(text), &entry) == nil { // it is our own text
			all = append(all, entry.Tools...)
		}
	}
	return sorted(all)
}

// OfServers are what the entries name of servers behind the gateway, each sorted and once:
// of the entries that hold now, or of all where [Rules.At] has said no time.
func (r Rules) OfServers() (tools, resources, prompts []string) {
	if r.rules == nil {
		return nil, nil, nil
	}
	for i := range r.entries {
		e := &r.entries[i]
		if !r.now.IsZero() && !e.holds(r.now) {
			continue
		}
		var entry struct{ Tools, Resources, Prompts []string }
		if json.Unmarshal([]byte(e.text), &entry) != nil {
			continue // it is our own text: cannot be
		}
		tools, resources, prompts = append(tools, entry.Tools...), append(resources, entry.Resources...), append(prompts, entry.Prompts...)
	}
	own := func(selector string) bool { return !NamesServer(selector) }
	return slices.DeleteFunc(sorted(tools), own), slices.DeleteFunc(sorted(resources), own), slices.DeleteFunc(sorted(prompts), own)
}
