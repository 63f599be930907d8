// SPDX-License-Identifier: MIT

package effect

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tailscale-mcp/internal/policy/effect/segment"
	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/selector"
)

// draft is a change of which it is known how frightening it is, and that is put into
// words when it is told.
type draft struct {
	kind    Kind
	gravity Gravity
	size    int    // how many classes of sources it concerns
	order   string // what tells apart drafts of one gravity, kind and size
	tell    func() Change
}

// written is a draft of a change that is in words.
func written(c Change) draft {
	return draft{c.Kind, c.Gravity, c.Who.Count, c.Text, func() Change { return c }}
}

// told drafts what was compared.
func (w *world) told(l *layer, c *comparison) []draft {
	var all []draft
	best := map[int]Gravity{} // of pieces
	numbers := make([]int, len(c.groups))
	for i := range c.groups {
		p := c.intern(*c.groups[i].piece)
		g := w.gravity(l, c, &c.groups[i])
		numbers[i], best[p] = p, max(best[p], g)
	}
	for i, p := range numbers {
		g := &c.groups[i]
		gravity := w.gravity(l, c, g)
		if gravity == Nothing {
			if best[p] > Nothing {
				continue // the same for nobody says nothing more
			}
			best[p] = Everyone
		}
		line := 0
		if len(g.lanes) > 0 {
			line = g.lanes[0].rule.Line
		}
		order := fmt.Sprintf("%s %8d %v %v %v %v", l.what, line, l.say(g.items), g.from, g.sources, g.to)
		all = append(all, draft{g.kind, gravity, len(g.from) + len(g.sources), order, func() Change { return w.tell(l, c, c.expand(*g), gravity) }})
	}
	return all
}

func (w *world) tell(l *layer, c *comparison, g *group, gravity Gravity) Change {
	who, where := c.who(g), c.where(g)
	ch := Change{Kind: g.kind, Gravity: gravity, Who: who.Who, What: l.say(g.items), Unknown: w.unknown(g)}
	ch.What.On = where.parts[:min(len(where.parts), MostNames)]
	for _, n := range g.lanes[:min(len(g.lanes), MostNames)] {
		ch.Rules = append(ch.Rules, n.rule)
	}
	what := segment.Words(ch.What.Ports)
	switch l.what {
	case "app":
		what = w.entryWords(ch.What.Entries)
	case "ssh":
		what, ch.What.Other = words.And(ch.What.Other), nil
	}
	on := where.words()
	if l.what == "app" && where.server && w.here(ch.What.Entries) {
		if on += ", this server among them"; where.count == 1 {
			on = where.words() + ", which is this server"
		}
	}
	if !g.self && g.targets != nil && c.aside[c.intern(*g.piece)] {
		on += ", their own devices aside"
	}
	if who.words() == "" {
		who.parts = []string{"addresses that no device has"}
	}
	cut(&ch.What.Ports)
	cut(&ch.What.Users)
	cut(&ch.What.Entries)
	ch.Text = fmt.Sprintf("%s %s %s on %s", who.words(), verb(g.kind, who.plural), what, on)
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

// gravity says how frightening a group is.
func (w *world) gravity(l *layer, c *comparison, g *group) Gravity {
	sets := selectors(g.lanes, func(n *lane) []*selector.Set { return n.from.Src })
	everyone := slices.ContainsFunc(sets, isEveryone)
	network := g.from == nil && slices.ContainsFunc(g.lanes, func(n *lane) bool { return n.everything || n.internet })
	some := func(all []class, of []int, is func(*class) bool) bool {
		return slices.ContainsFunc(of, func(i int) bool { return is(&all[i]) })
	}
	if g.from != nil {
		if !some(c.from, g.from, func(c *class) bool { return c.today }) || !some(c.to, g.to, func(c *class) bool { return c.today }) {
			return Nothing
		}
		everyone = everyone && some(c.from, g.from, func(c *class) bool { return c.senders })
		network = some(c.to, g.to, func(c *class) bool { return c.network && c.today })
	}
	absent := len(g.sources) > 0 && !slices.ContainsFunc(g.sources, func(i int) bool { return !w.absent.Has(i) })
	switch {
	case g.nobody || absent:
		return Nothing
	case g.kind == Loss || g.kind == MayLose:
		return Less
	case everyone:
		return Everyone
	case l.what == "ssh" && slices.Contains(l.say(g.items).Users, "root"):
		return Root
	case network && l.what == "network":
		return Network
	case l.what == "app":
		return w.entered(l.say(g.items).Entries)
	}
	return More
}

// entered says how frightening it is that entries of capabilities are gained.
func (w *world) entered(all []Entry) Gravity {
	g := More
	for _, e := range all {
		if e.Capability != w.focus.Capability {
			continue
		}
		g = max(g, Server)
		for _, t := range e.tools() {
			if t == "*" || strings.HasPrefix(t, "escalating:") {
				g = WholeServer
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
				own = words.Once(own, strconv.QuoteToASCII(words.Clip(t)))
			}
			continue
		}
		rest = append(rest, e)
	}
	if len(own) > 0 {
		other = append(other, "the tools "+words.List(own, 6)+" of servers like this one")
	}
	if len(rest) > 0 {
		other = append(other, entryWords(rest))
	}
	return words.And(other)
}

// unknown says what would have to be known of a change that may be.
func (w *world) unknown(g *group) []string {
	if g.kind != MayGain && g.kind != MayLose {
		return nil
	}
	var all []string
	for _, n := range slices.Concat(g.lanes, g.against) {
		if len(n.cond.Names) > 0 {
			all = words.Once(all, "whether devices meet "+strings.Join(words.SafeAll(n.cond.Names), " or "))
		}
		for _, d := range n.cond.Doubts {
			all = words.Once(all, "who is in "+words.Safe(d))
		}
		for _, d := range n.cond.Onto {
			all = words.Once(all, "who is in "+words.Safe(d))
		}
	}
	if g.sources == nil && !g.nobody {
		all = words.Once(all, "the effect of so large a change on each device")
	}
	return all[:min(len(all), MostNames)]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
