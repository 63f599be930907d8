// SPDX-License-Identifier: MIT

package change

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// told makes changes of what was compared.
func (w *world) told(l *layer, c *comparison) []Change {
	var all, nothing []Change
	told := map[int]bool{} // pieces
	var pieces []int
	for i := range c.groups {
		p := c.intern(*c.groups[i].piece)
		ch := w.tell(l, c, &c.groups[i])
		if ch.Gravity == Nothing {
			nothing, pieces = append(nothing, ch), append(pieces, p)
		} else {
			all, told[p] = append(all, ch), true
		}
	}
	for i, ch := range nothing { // the same for nobody says nothing more
		if !told[pieces[i]] {
			told[pieces[i]] = true
			all = append(all, ch)
		}
	}
	return all
}

func (w *world) tell(l *layer, c *comparison, g *group) Change {
	who, where := c.who(g), c.where(g)
	ch := Change{Kind: g.kind, Who: who.Who, What: l.say(g.items), Unknown: w.unknown(g)}
	ch.What.On = where.parts[:min(len(where.parts), MostNames)]
	for _, n := range g.lanes {
		ch.Rules = append(ch.Rules, n.rule)
	}
	what := portWords(ch.What.Ports)
	switch l.what {
	case "app":
		what = w.entryWords(ch.What.Entries)
	case "ssh":
		what, ch.What.Other = and(ch.What.Other), nil
	}
	on := where.words()
	if l.what == "app" && where.server && len(w.hosts) > 0 && w.here(ch.What.Entries) {
		on += ", this server among them"
	}
	if !g.self && g.targets != nil && c.aside[c.intern(*g.piece)] {
		on += ", their own devices aside"
	}
	if who.words() == "" {
		who.parts = []string{"addresses that no device has"}
	}
	ch.Text = fmt.Sprintf("%s %s %s on %s", who.words(), verb(g.kind, who.plural), what, on)
	ch.Gravity = w.gravity(l, &ch, who, where)
	if ch.Gravity == Nothing && !strings.Contains(ch.Text, " today)") {
		ch.Text += " (nothing today)"
	}
	return ch
}

// verb is what somebody does by a change.
func verb(k Kind, plural bool) string {
	text := map[Kind]string{Gain: "gain", MayGain: "may gain", Loss: "lose", MayLose: "may lose"}[k]
	if !plural && (k == Gain || k == Loss) {
		text += "s"
	}
	return text
}

// gravity says how frightening a change is.
func (w *world) gravity(l *layer, ch *Change, who *party, where *target) Gravity {
	switch {
	case who.nobody || where.nobody:
		return Nothing
	case ch.Kind == Loss || ch.Kind == MayLose:
		return Less
	case who.Everyone:
		return Everyone
	case slices.Contains(ch.What.Users, "root"):
		return Root
	case where.network && l.what == "network":
		return Network
	}
	g := More
	for _, e := range ch.What.Entries {
		if e.Capability == w.focus.Capability {
			g = max(g, Server)
			for _, t := range e.tools() {
				if t == "*" || strings.HasPrefix(t, "escalating:") {
					g = WholeServer
				}
			}
		}
	}
	return g
}

// here reports whether one of some entries is of this server's capability.
func (w *world) here(all []Entry) bool {
	return slices.ContainsFunc(all, func(e Entry) bool { return e.Capability == w.focus.Capability })
}

// tools are the selectors of tools in an entry of this server's capability; nil where it
// has something else.
func (e Entry) tools() []string {
	var v map[string]json.RawMessage
	var tools []string
	if json.Unmarshal([]byte(e.Value), &v) != nil || json.Unmarshal(v["tools"], &tools) != nil {
		return nil
	}
	return tools
}

// entryWords names entries; those of servers like this one by their tools.
func (w *world) entryWords(all []Entry) string {
	var own, other []string
	var rest []Entry
	for _, e := range all {
		var v map[string]json.RawMessage
		_ = json.Unmarshal([]byte(e.Value), &v) // what is no object has no tools
		if tools := e.tools(); e.Capability == w.focus.Capability && len(v) == 1 && len(tools) > 0 {
			for _, t := range tools {
				own = once(own, fmt.Sprintf("%q", code(t)))
			}
			continue
		}
		rest = append(rest, e)
	}
	if len(own) > 0 {
		other = append(other, "the tools "+list(own, 6)+" of servers like this one")
	}
	if len(rest) > 0 {
		other = append(other, entryWords(rest))
	}
	return and(other)
}

// unknown says what would have to be known of a change that may be.
func (w *world) unknown(g *group) []string {
	if g.kind != MayGain && g.kind != MayLose {
		return nil
	}
	var all []string
	for _, n := range g.lanes {
		if len(n.cond.names) > 0 {
			all = once(all, "whether devices meet "+strings.Join(safeAll(n.cond.names), " or "))
		}
		for _, d := range n.cond.doubts {
			all = once(all, "who is in "+safe(d))
		}
		for _, d := range n.cond.onto {
			all = once(all, "who is in "+safe(d))
		}
	}
	if g.sources == nil && !g.nobody {
		all = once(all, "the effect of so large a change on each device")
	}
	return all[:min(len(all), MostNames)]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
