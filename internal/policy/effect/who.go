// SPDX-License-Identifier: MIT

package effect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/selector"
)

// party is one end of a change in words.
type party struct {
	Who
	parts  []string
	plural bool
	nobody bool // today
}

func (p *party) words() string { return words.List(p.parts, 6) }

// isEveryone reports whether a selector is for everyone, or for every person.
func isEveryone(s *selector.Set) bool {
	return s.Everyone || s.Anyone || s.Members
}

// selectors are those of the lanes of a piece, each once.
func selectors(lanes []*lane, of func(*lane) []*selector.Set) []*selector.Set {
	var all []*selector.Set
	for _, n := range lanes {
		for _, s := range of(n) {
			if !slices.ContainsFunc(all, func(o *selector.Set) bool { return o.Text == s.Text }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// who says who the sources of a group are, by the selectors of its rules.
func (c *comparison) who(g *group) *party {
	sets := selectors(g.lanes, func(n *lane) []*selector.Set { return n.from.Src })
	everyone := slices.IndexFunc(sets, isEveryone)
	p := &party{}
	if g.sources == nil {
		for _, s := range sets {
			p.parts = append(p.parts, selectorWords(s.Text)+meaning(s))
			p.Others = append(p.Others, s.Text)
		}
		p.nobody, p.plural = g.nobody, len(sets) > 1
	} else {
		c.sources(p, g, sets)
	}
	if everyone >= 0 && !p.nobody {
		c.everyone(p, g, sets[everyone])
	}
	p.Count, p.People = len(p.People), p.People[:min(len(p.People), MostNames)]
	p.Tags, p.Others = p.Tags[:min(len(p.Tags), MostNames)], p.Others[:min(len(p.Others), MostNames)]
	return p
}

// everyone makes the words of a rule for everyone, or for every person.
func (c *comparison) everyone(p *party, g *group, set *selector.Set) {
	w := c.world
	if g.sources != nil && p.words() == "" {
		p.parts, p.plural = []string{"addresses behind approved routes"}, true
		return
	}
	name, of := "everyone", w.targets
	if !set.Everyone && !set.Anyone {
		name, of = "every person of the tailnet", set.V4
	}
	all := g.sources == nil
	if !all {
		all = true
		for i := range of.Of(w.absent, selector.Not).All() {
			if _, in := slices.BinarySearch(g.sources, i); !in && w.owner(i) != "" {
				all = false
			}
		}
	}
	p.Everyone = true
	if !all {
		without := " (who could not before: "
		if g.kind == Loss || g.kind == MayLose {
			without = " (who cannot otherwise: "
		}
		name += without + p.words() + ")"
	}
	p.parts, p.plural = []string{name}, false
}

// sources names the sources of a group, those first who are somebody today.
func (c *comparison) sources(p *party, g *group, sets []*selector.Set) {
	w := c.world
	real := func(i int) bool { return i < w.devices() && !w.absent.Has(i) || c.somebody(i) }
	p.nobody = !slices.ContainsFunc(g.sources, real)
	left, extra := w.index.Empty(), []int{}
	for _, i := range g.sources {
		if !p.nobody && !real(i) && (i >= w.devices() || len(w.index.Devices[i].Tags) > 0) {
			continue
		}
		if i < w.devices() {
			left.Add(i)
		} else {
			extra = append(extra, i-w.devices())
		}
	}
	for _, s := range sets {
		mine := s.V4.Of(s.V6, selector.Or).Of(s.Doubt, selector.Or)
		if s.Everyone || s.Anyone {
			continue
		}
		mine = mine.Of(left, selector.And)
		left = left.Of(mine, selector.Not)
		c.named(p, s, mine, slices.ContainsFunc(extra, func(k int) bool { return c.origin(k, s) }))
	}
	c.named(p, nil, left, false)
	for _, k := range extra {
		c.extra(p, k, sets)
	}
	p.plural = p.plural || len(p.parts) > 1
}

// somebody reports whether a source that is no device is somebody today.
func (c *comparison) somebody(i int) bool {
	k := i - c.world.devices()
	n := len(c.origins.pieces)
	return k >= 0 && (k < n && c.origins.routed[k] || k == n || k == n+1)
}

// origin reports whether a source that is no device is a piece of a selector.
func (c *comparison) origin(k int, s *selector.Set) bool {
	return k < len(c.origins.pieces) && s.Ranges != nil && s.Ranges.ContainsRange(c.origins.pieces[k])
}

// extra names a source that is no device, where no selector did.
func (c *comparison) extra(p *party, k int, sets []*selector.Set) {
	n := len(c.origins.pieces)
	switch {
	case k < n:
		if slices.ContainsFunc(sets, func(s *selector.Set) bool { return c.origin(k, s) }) {
			return
		}
		p.Others = append(p.Others, c.origins.pieces[k].String())
		p.parts, p.plural = words.Once(p.parts, "other addresses"), true
	case k == n:
		p.Others = append(p.Others, "people of other tailnets")
		p.parts, p.plural = append(p.parts, "people of other tailnets with whom a device is shared"), true
	case k == n+1:
		p.Others = append(p.Others, "whoever else sends")
		p.parts = append(p.parts, "whoever else sends")
	default:
		name := c.origins.names[k-n-2]
		p.Others = append(p.Others, name)
		p.parts = append(p.parts, selectorWords(name)+" (nobody today)")
	}
}

// named names devices as sources by a selector; nil: by themselves. pieces says that it
// stands for addresses of no device too.
func (c *comparison) named(p *party, s *selector.Set, devices selector.Bits, pieces bool) {
	w := c.world
	people, tags, tagged := w.whose(devices)
	by := ""
	if s != nil {
		by = s.Text
	}
	var logins []string
	for _, login := range slices.Sorted(maps.Keys(people)) {
		p.People = append(p.People, Member{login, by})
		logins = append(logins, w.login(login, people[login]))
	}
	for _, t := range tags {
		p.Tags = words.Once(p.Tags, t)
	}
	kind, _, _ := strings.Cut(by, ":")
	switch {
	case len(people)+tagged == 0 && !pieces:
	case s == nil || strings.Contains(by, "@") && kind == by:
		p.parts = append(p.parts, logins...)
		for _, t := range tags {
			p.parts = append(p.parts, words.Safe(t)+w.none(t))
		}
	case kind == "tag":
		p.parts = append(p.parts, words.Safe(by)+w.none(by))
	case kind == "group" || kind == "autogroup" || kind == "user":
		if n := len(logins); n > 3 {
			p.parts, p.plural = append(p.parts, words.Count(n, "person")+" of "+words.Safe(by)+away(people)), true
		} else if n > 0 {
			p.parts, p.plural = append(p.parts, words.And(logins)+" of "+words.Safe(by)), p.plural || n > 1
		}
		if tagged > 0 {
			p.parts, p.plural = append(p.parts, words.Count(tagged, "device")+" of "+words.Safe(by)), p.plural || tagged > 1
		}
	default:
		text := selectorWords(by) + meaning(s)
		if n := len(logins) + len(tags); n > 0 && n < 4 {
			text += " (" + words.And(append(logins, words.SafeAll(tags)...)) + ")"
		}
		p.parts = append(p.parts, text)
		if pieces || len(logins)+tagged == 0 {
			p.Others = words.Once(p.Others, by)
		}
	}
}

// away says how many of some people the tailnet does not have.
func away(people map[string]bool) string {
	n := 0
	for _, absent := range people {
		n += boolean(absent)
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d of them not in this tailnet)", n)
}

// login shows who a person is, and that the tailnet does not have them.
func (w *world) login(login string, absent bool) string {
	if absent {
		return words.Safe(login) + " (not in this tailnet)"
	}
	return words.Safe(login)
}

// none says that no device has a tag.
func (w *world) none(tag string) string {
	for _, i := range w.index.Tagged(tag) {
		if !w.absent.Has(i) {
			return ""
		}
	}
	return " (no device today)"
}

// selectorWords shows a selector where it is named by itself.
func selectorWords(text string) string {
	switch kind, _, _ := strings.Cut(text, ":"); {
	case text == "*":
		return "everyone"
	case kind == "host":
		return words.Safe(text)
	case kind != text || strings.Contains(text, "@") || strings.ContainsAny(text, "./"):
		return words.Safe(text)
	}
	return "host " + words.Safe(text)
}

// meaning shows which addresses a host alias or an IP set stands for.
func meaning(s *selector.Set) string {
	if !s.Literal() || s.Internet {
		return ""
	}
	all := s.Ranges.Ranges()
	var texts []string
	for _, r := range all {
		text := r.String()
		if p, ok := r.Prefix(); ok {
			if text = p.String(); p.IsSingleIP() {
				text = p.Addr().String()
			}
		}
		texts = append(texts, text)
	}
	if len(texts) == 0 || len(texts) == 1 && texts[0] == s.Text {
		return ""
	}
	return " (" + words.List(texts, 3) + ")"
}
