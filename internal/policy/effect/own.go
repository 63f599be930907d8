// SPDX-License-Identifier: MIT

package effect

import (
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/effect/segment"
	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/selector"
)

// ownWay is what the caller has and loses on this server.
type ownWay struct {
	granted bool            // the old file gives, or may give, an entry of the capability
	sure    bool            // some of what goes, goes surely
	lost    []string        // what goes, in words
	rules   []compiled.Rule // by which it was given
}

// ownWay looks at the caller's way to this server in one layer: what may be lost counts.
// Where the host is not known, each device is looked at on which the capability was given.
func (w *world) ownWay(l *layer, c *comparison) {
	if w.caller < 0 || l.what == "ssh" {
		return
	}
	hosts := w.hosts
	if c.from == nil { // nothing, or too much, to compare: each rule that is gone counts
		for _, n := range c.lanes {
			if n.inOld && !n.inNow {
				w.own.lose(&piece{kind: MayLose, lanes: []*lane{n}}, "what is too much to compare")
			}
		}
		w.own.granted = w.own.granted || l.what == "app" && slices.ContainsFunc(c.lanes, func(n *lane) bool { return n.inOld })
		return
	}
	if len(hosts) == 0 {
		for i := range w.targets.All() {
			hosts = append(hosts, i)
		}
	}
	from, to := classOf(c.from, w.devices()), classOf(c.to, w.devices())
	me := w.caller
	looked := map[[2]int]bool{}
	for _, host := range hosts {
		self := w.owner(me) != "" && w.owner(me) == w.owner(host)
		if looked[[2]int{to[host], boolean(self)}] {
			continue
		}
		looked[[2]int{to[host], boolean(self)}] = true
		a, b := &c.from[from[me]], &c.to[to[host]]
		before, after := c.held(a, b, self, false), c.held(a, b, self, true)
		if l.what == "app" {
			w.entries(l, before, after)
		}
		for _, p := range c.differ(a, b, self) {
			w.counts(l, &c.pieces[p])
		}
	}
}

// held is what a source has, or may have, on a destination by one file.
func (c *comparison) held(a, b *class, self, now bool) selector.Bits {
	var hits []hit
	for f := range 2 {
		both := a.most[f].Of(b.most[f], selector.And)
		if !self {
			both = both.Of(c.selves, selector.Not)
		}
		for i := range both.All() {
			hits = append(hits, hit{c.lanes[i], false})
		}
	}
	_, most := c.granted(hits, now)
	return most
}

// entries looks at the entries of the capability before and after: one that cannot be
// read makes the caller lose all of them.
func (w *world) entries(l *layer, before, after selector.Bits) {
	values := func(items selector.Bits) (all []string) {
		for _, e := range l.say(items).Entries {
			if e.Capability == w.focus.Capability {
				all = append(all, e.Value)
			}
		}
		return all
	}
	if len(values(before)) == 0 {
		return
	}
	w.own.granted = true
	if _, err := grant.Parse(values(after)); err != nil {
		if _, was := grant.Parse(values(before)); was == nil {
			w.own.lose(nil, "every tool, by an entry that cannot be read")
		}
	}
}

// counts enters what a piece takes from the caller's way: entries of the capability, and
// the port of this server, or any where it is not known.
func (w *world) counts(l *layer, p *piece) {
	if p.kind != Loss && p.kind != MayLose {
		return
	}
	what := l.say(p.items)
	switch l.what {
	case "app":
		what.Entries = slices.DeleteFunc(what.Entries, func(e Entry) bool { return e.Capability != w.focus.Capability })
		if len(what.Entries) > 0 {
			w.own.lose(p, w.entryWords(what.Entries))
		}
	case "network":
		if l.opens(p.items, w.focus.Port) {
			w.own.lose(p, segment.Words(what.Ports))
		}
	}
}

func (o *ownWay) lose(p *piece, what string) {
	o.lost = words.Once(o.lost, what)
	if o.sure = o.sure || p == nil || p.kind == Loss; p == nil {
		return
	}
	for _, n := range p.lanes {
		if !slices.Contains(o.rules, n.rule) {
			o.rules = append(o.rules, n.rule)
		}
	}
}

// lost is the change that tells of the caller's own way.
func (w *world) lost() (Change, bool) {
	if !w.own.granted || len(w.own.lost) == 0 {
		return Change{}, false
	}
	name := words.Safe(w.focus.CallerLogin)
	who := Who{People: []Member{{Login: w.focus.CallerLogin}}, Count: 1}
	if len(w.focus.CallerTags) > 0 {
		name, who = words.List(words.SafeAll(w.focus.CallerTags), 6), Who{Tags: w.focus.CallerTags}
	}
	kind := MayLose
	if w.own.sure {
		kind = Loss
	}
	return Change{
		Kind: kind, Gravity: OwnWay, Who: who, Rules: w.own.rules,
		Text: "you (" + name + ") " + verb(kind, true) + " your own way to this server: " + words.List(w.own.lost, 6),
	}, true
}
