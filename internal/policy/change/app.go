// SPDX-License-Identifier: MIT

package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"tailscale-mcp/internal/policy/compiled"

	"tailscale-mcp/internal/policy/selector"
)

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
					g.items = append(g.items, e.number(c.Text, v))
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
		one := "the capability " + safe(e.Capability)
		if e.Value != "" {
			one += " with " + code(e.Value)
		}
		texts = append(texts, one)
	}
	const most = 4
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most], fmt.Sprintf("%d entries more", more))
	}
	return and(texts)
}
