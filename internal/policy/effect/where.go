// SPDX-License-Identifier: MIT

package effect

import (
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/selector"
)

// target is the other end of a change in words.
type target struct {
	parts  []string
	server bool // this server's host is among them, as far as it is known
	count  int  // of the devices that are there
	via    []string
}

func (t *target) words() string {
	text := words.List(t.parts, 6)
	if len(t.via) > 0 {
		text += " through " + words.List(words.SafeAll(t.via), 6)
	}
	return text
}

// where says what the destinations of a group are, by the selectors of its rules.
func (c *comparison) where(g *group) *target {
	t := &target{}
	sets := selectors(g.lanes, func(n *lane) []*selector.Set { return n.to })
	for _, n := range g.lanes {
		for _, v := range n.via {
			t.via = words.Once(t.via, v)
		}
	}
	switch {
	case g.self:
		t.parts = []string{"their own devices"}
		return t
	case g.targets == nil:
		for _, s := range sets {
			t.parts = append(t.parts, destinationWords(s.Text)+meaning(s))
		}
		return t
	}
	c.targets(t, g, sets)
	return t
}

// targets names the destinations of a group, those first that are there today.
func (c *comparison) targets(t *target, g *group, sets []*selector.Set) {
	w := c.world
	n := w.devices()
	nobody := !slices.ContainsFunc(g.targets, c.there)
	left, places := w.index.Empty(), []*place{}
	for _, i := range g.targets {
		switch {
		case !nobody && !c.there(i):
		case i < n:
			left.Add(i)
			t.count++
			t.server = t.server || slices.Contains(w.hosts, i)
		default:
			places = append(places, &c.places[i-n])
		}
	}
	if slices.ContainsFunc(sets, func(s *selector.Set) bool { return s.Everyone }) && w.whole(g.targets) {
		t.parts = []string{"everything"}
		return
	}
	for _, s := range sets {
		if s.Everyone {
			continue
		}
		mine := s.V4.Of(s.V6, selector.Or).Of(s.Doubt, selector.Or).Of(left, selector.And)
		left = left.Of(mine, selector.Not)
		some := len(places)
		places = slices.DeleteFunc(places, func(p *place) bool { return p.in(s) })
		w.at(t, s, mine, some > len(places))
	}
	w.others(t, left)
	for _, p := range places {
		t.parts = words.Once(t.parts, w.placeWords(p))
	}
}

// whole reports whether destinations are all devices of the tailnet.
func (w *world) whole(targets []int) bool {
	for i := range w.targets.Of(w.absent, selector.Not).All() {
		if _, in := slices.BinarySearch(targets, i); !in {
			return false
		}
	}
	return true
}

// in reports whether a selector stands for a place.
func (p *place) in(s *selector.Set) bool {
	switch {
	case p.kind == "name":
		return p.name == s.Text
	case s.Service >= 0:
		return s.Service == p.service
	case s.Internet:
		return p.kind == "exit"
	}
	return p.piece.IsValid() && s.Ranges != nil && s.Ranges.ContainsRange(p.piece)
}

// at names devices, and places, by a selector.
func (w *world) at(t *target, s *selector.Set, devices selector.Bits, places bool) {
	var all []int
	absent := false
	for i := range devices.All() {
		all = append(all, i)
		absent = absent || w.absent.Has(i)
	}
	kind, _, _ := strings.Cut(s.Text, ":")
	named := kind == "tag" || kind == "group" || kind == "autogroup" || kind == "user" || strings.Contains(s.Text, "@")
	switch {
	case len(all) == 0 && !places:
	case !named || s.Internet:
		t.parts = append(t.parts, destinationWords(s.Text)+meaning(s))
	case len(all) == 0:
		t.parts = append(t.parts, words.Safe(s.Text)+" (nothing today)")
	case absent && kind == "tag":
		t.parts = append(t.parts, words.Safe(s.Text)+" (no device today)")
	case len(all) == 1 && w.index.Devices[all[0]].Name != "":
		t.parts = append(t.parts, "device "+words.Safe(w.index.Devices[all[0]].Name)+" of "+words.Safe(s.Text))
	case w.deviceless(all):
		t.parts = append(t.parts, "devices of "+words.Safe(s.Text)+" (none today)")
	default:
		t.parts = append(t.parts, words.Count(len(all), "device")+" of "+words.Safe(s.Text))
	}
}

// deviceless reports whether all of some devices are stand-ins.
func (w *world) deviceless(all []int) bool {
	return !slices.ContainsFunc(all, func(i int) bool { return !w.stands.Has(i) })
}

// others names devices by themselves: of their tags and their people.
func (w *world) others(t *target, devices selector.Bits) {
	var names []string
	untagged := 0
	byTag := map[string]int{}
	for i := range devices.All() {
		d := &w.index.Devices[i]
		if d.Name != "" {
			names = append(names, "device "+words.Safe(d.Name))
		}
		if len(d.Tags) == 0 {
			untagged++
		} else {
			byTag[d.Tags[0]]++
		}
	}
	if len(names) < 4 {
		t.parts = append(t.parts, names...)
		if len(names) > 0 {
			return
		}
	}
	for _, tag := range sortedKeys(byTag) {
		t.parts = append(t.parts, words.Count(byTag[tag], "device")+" of "+words.Safe(tag))
	}
	if untagged > 0 {
		t.parts = append(t.parts, words.Count(untagged, "device")+" of people")
	}
}

func (w *world) placeWords(p *place) string {
	switch p.kind {
	case "exit":
		return "the internet by exit nodes"
	case "service":
		return words.Safe(w.index.Net.Services[p.service].Name)
	case "name":
		return destinationWords(p.name) + " (nothing today)"
	case "route":
		if ps := p.piece.Prefixes(); len(ps) == 1 {
			return ps[0].String()
		}
	}
	return p.piece.String()
}

// destinationWords shows a selector of destinations where it is named by itself.
func destinationWords(text string) string {
	switch text {
	case "*":
		return "everything"
	case "autogroup:internet":
		return "the internet by exit nodes"
	case "autogroup:self":
		return "their own devices"
	}
	return selectorWords(text)
}
