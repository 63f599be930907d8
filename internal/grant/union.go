// SPDX-License-Identifier: MIT

package grant

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// maxConditioned bounds the entries with conditions of their own: each of them is
// asked for every decision.
const maxConditioned = 256

// entry is one entry, or all that have no conditions, arranged for lookup.
type entry struct {
	conditions
	servers map[string]*index // by the name of the server; "" for Tailscale
	text    string            // normal form
}

// union collects entries. Those with the same conditions become one; but for those
// with a rate, each of which counts for itself.
type union struct {
	groups map[string]*group
}

// group is the entries that become one.
type group struct {
	conditions
	selectors [3]map[string]bool // of tools, resources and prompts
	servers   map[string]*index
}

// add checks an entry and unites it with what is there.
func (u *union) add(e entryText) (err error) {
	g := &group{servers: map[string]*index{}}
	if e.until != "" {
		if g.until, err = parseUntil(e.until); err != nil {
			return err
		}
	}
	if e.rate != "" {
		if g.rate, err = parseRate(e.rate); err != nil {
			return err
		}
	}
	list, narrowed := e.lists[keyDevices]
	if narrowed {
		if g.devices, err = parseDevices(list); err != nil {
			return err
		}
	}
	key := g.members()
	if g.rate.Calls > 0 {
		// One that is written twice is still one.
		key += selectorsText(sorted(e.lists[keyTools]), sorted(e.lists[keyResources]), sorted(e.lists[keyPrompts]))
	}
	none := narrowed && len(list) == 0 // it grants nothing, but what is in it has to be right
	if same := u.groups[key]; same != nil && !none {
		g = same
	}
	for i, key := range [...]string{keyTools, keyResources, keyPrompts} {
		for _, s := range e.lists[key] {
			if err := g.enter(key, s); err != nil {
				return err
			}
			put(&g.selectors[i], s, true)
		}
	}
	if none || g.empty() {
		return nil
	}
	put(&u.groups, key, g)
	if len(u.groups) > maxConditioned {
		return fmt.Errorf("more than %d entries have conditions of their own", maxConditioned)
	}
	return nil
}

func (g *group) empty() bool {
	return len(g.selectors[0])+len(g.selectors[1])+len(g.selectors[2]) == 0
}

// enter checks one selector and enters it in its server's index.
func (g *group) enter(key, s string) error {
	switch key {
	case keyTools:
		sel, err := parseToolSelector(s)
		if err != nil {
			return err
		}
		g.index(sel.server).addTool(sel, s)
	case keyResources:
		sel, err := parseResourceSelector(s)
		if err != nil {
			return err
		}
		g.index(sel.server).addResource(sel.kind, sel.uri, s)
	case keyPrompts:
		server, name, err := parsePromptSelector(s)
		if err != nil {
			return err
		}
		g.index(server).addPrompt(name, s)
	}
	return nil
}

func (g *group) index(server string) *index {
	ix := g.servers[server]
	if ix == nil {
		ix = &index{}
		g.servers[server] = ix
	}
	return ix
}

// rules arranges what was collected, the same for the same set of entries.
func (u *union) rules() Rules {
	if len(u.groups) == 0 {
		return Rules{}
	}
	r := &rules{entries: make([]entry, 0, len(u.groups))}
	for _, g := range u.groups {
		for _, ix := range g.servers {
			ix.sorted = slices.Sorted(maps.Keys(ix.uris))
			ix.bases = slices.Sorted(maps.Keys(ix.below))
		}
		r.entries = append(r.entries, entry{g.conditions, g.servers, g.text()})
	}
	slices.SortFunc(r.entries, func(a, b entry) int {
		if a.none() != b.none() {
			if a.none() {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.text, b.text)
	})
	all := Rules{rules: r}
	r.digest = digest(all.String())
	return all
}

// text is the normal form of the group as an entry.
func (g *group) text() string {
	members := selectorsText(slices.Sorted(maps.Keys(g.selectors[0])), slices.Sorted(maps.Keys(g.selectors[1])), slices.Sorted(maps.Keys(g.selectors[2]))) + g.members()
	return "{" + strings.TrimPrefix(members, ",") + "}"
}

func selectorsText(tools, resources, prompts []string) string {
	return listText(keyTools, tools) + listText(keyResources, resources) + listText(keyPrompts, prompts)
}

// listText writes one member of an entry, with a comma in front. What was accepted
// holds nothing that JSON escapes.
func listText(key string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf(`,"%s":["%s"]`, key, strings.Join(list, `","`))
}

// sorted returns a sorted copy without duplicates.
func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
