// SPDX-License-Identifier: MIT

package effect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/effect/condition"
	"tailscale-mcp/internal/policy/effect/segment"
	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// network makes the layer of "acls" and "grants" without their capabilities.
func (w *world) network() *layer {
	l := w.layer("network")
	var opens []ports.Open
	for _, s := range []*side{&w.before, &w.after} {
		for _, p := range s.Rules {
			for _, to := range p.Facets {
				opens = append(opens, to.Open...)
			}
		}
	}
	all := segment.Of(opens)
	l.number = len(all)
	l.granted = l.together
	l.opens = all.Open
	l.say = func(items selector.Bits) What { return What{Ports: all.Texts(items)} }
	for k, s := range []*side{&w.before, &w.after} {
		for i, p := range s.Rules {
			for _, at := range facets(p.Facets) {
				n := w.newLane(s, p.Rule, p.Sources)
				n.to, n.via, n.routed = at.to, p.Via, p.Routed
				n.items = all.Items(at.open, l.empty())
				if n.items.Any() {
					l.add(n, k == 1, i)
				}
			}
		}
	}
	return l
}

// at is destinations of a rule where the same is open.
type at struct {
	to   []*selector.Set
	open []ports.Open
}

func facets(to []compiled.Facet) []at {
	var all []at
	known := map[string]int{}
	for _, t := range to {
		key := fmt.Sprint(t.Open)
		i, ok := known[key]
		if !ok {
			i = len(all)
			known[key] = i
			all = append(all, at{open: t.Open})
		}
		all[i].to = append(all[i].to, t.Dst)
	}
	return all
}

// together is what hits give where each gives its own.
func (l *layer) together(hits []hit, now bool) (sure, most selector.Bits) {
	sure, most = l.empty(), l.empty()
	for _, h := range hits {
		if h.of(now) {
			most.Merge(h.items)
			if h.sure {
				sure.Merge(h.items)
			}
		}
	}
	return sure, most
}

func (l *layer) empty() selector.Bits { return make(selector.Bits, (l.number+63)/64) }

// entries are the items of capabilities: values, in the order in which they were found.
type entries struct {
	all   []Entry
	known map[Entry]int
}

// number returns the item of a value; values are the same where they mean the same.
func (e *entries) number(capability string, value json.RawMessage) int {
	one := Entry{Capability: capability}
	if len(value) > 0 {
		one.Value = canonical(value)
	}
	i, ok := e.known[one]
	if !ok {
		i = len(e.all)
		e.known[one] = i
		e.all = append(e.all, one)
	}
	return i
}

// canonical writes JSON such that what means the same is the same text.
func canonical(value json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(value)
	}
	var to bytes.Buffer
	e := json.NewEncoder(&to)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return string(value)
	}
	return string(bytes.TrimSuffix(to.Bytes(), []byte("\n")))
}

// capabilities makes the layer of what "grants" give in "app".
func (w *world) capabilities() *layer {
	l := w.layer("app")
	e := &entries{known: map[Entry]int{}}
	type given struct {
		*compiled.Network
		side  int
		items []int
	}
	var all []given
	for k, s := range []*side{&w.before, &w.after} {
		for _, p := range s.Rules {
			g := given{Network: p, side: k}
			for _, c := range p.Caps {
				for _, v := range c.Values {
					for _, part := range w.parts(c.Text, v) {
						g.items = append(g.items, e.number(c.Text, part))
					}
				}
				if len(c.Values) == 0 {
					g.items = append(g.items, e.number(c.Text, nil))
				}
			}
			if len(g.items) > 0 && len(p.Via) == 0 {
				all = append(all, g)
			}
		}
	}
	l.number = len(e.all)
	l.granted = l.together
	l.say = e.say
	for i, g := range all {
		n := w.newLane([]*side{&w.before, &w.after}[g.side], g.Rule, g.Sources)
		n.items = l.empty()
		for _, to := range g.Facets {
			n.to = append(n.to, to.Dst)
		}
		for _, item := range g.items {
			n.items.Add(item)
		}
		l.add(n, g.side == 1, i)
	}
	return l
}

// parts are what an entry of servers like this one gives, a selector each, so that one
// more is not told as another entry. An entry with conditions, or that is not known to be
// one, is one part.
func (w *world) parts(capability string, value json.RawMessage) []json.RawMessage {
	var lists map[string][]string
	if capability != w.focus.Capability || json.Unmarshal(value, &lists) != nil {
		return []json.RawMessage{value}
	}
	var all []json.RawMessage
	for _, key := range sortedKeys(lists) {
		if key != "tools" && key != "resources" && key != "prompts" {
			return []json.RawMessage{value}
		}
		for _, selector := range lists[key] {
			part, err := json.Marshal(map[string][]string{key: {selector}})
			if err != nil {
				return []json.RawMessage{value} // cannot be: it is made of texts
			}
			all = append(all, part)
		}
	}
	if len(all) == 0 {
		return []json.RawMessage{value}
	}
	return all
}

func (e *entries) say(items selector.Bits) What {
	var w What
	for i := range items.All() {
		w.Entries = append(w.Entries, e.all[i])
	}
	return w
}

// entryWords names entries of capabilities for a sentence.
func entryWords(all []Entry) string {
	var texts []string
	for _, e := range all {
		one := "the capability " + words.Safe(e.Capability)
		if e.Value != "" {
			one += " with " + words.Code(e.Value)
		}
		texts = append(texts, one)
	}
	const most = 4
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most], fmt.Sprintf("%d entries more", more))
	}
	return words.And(texts)
}

// condition is under which conditions somebody is a source of a rule.
func (s *side) condition(sets []*selector.Set, postures []string) condition.Condition {
	c := condition.Condition{Names: postures}
	for _, name := range postures {
		list := []string{"\x00 no such posture"}
		if d, ok := s.Index.Definition(name); ok {
			list = nil
			for _, v := range d.Values {
				list = append(list, strings.Join(strings.Fields(v.Text), " "))
			}
		}
		slices.Sort(list)
		c.Postures = append(c.Postures, slices.Compact(list))
	}
	slices.SortFunc(c.Postures, slices.Compare)
	for _, set := range sets {
		if set.Doubt.Any() || set.Strangers {
			c.Doubts = append(c.Doubts, set.Text)
		}
	}
	slices.Sort(c.Doubts)
	return c
}
