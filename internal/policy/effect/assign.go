// SPDX-License-Identifier: MIT

package effect

import (
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/selector"
)

// assignment is something that a file gives to names: ownership of a tag, approval of a
// route, an attribute of a device.
type assignment struct {
	section string
	item    string // as it is written: "tag:web", "10.0.0.0/8", "funnel"
	names   []grammar.Name
	place   grammar.Place
}

// assigned compares what tagOwners, autoApprovers and nodeAttrs give.
func (w *world) assigned() []Change {
	var all []Change
	for _, of := range []func(*grammar.File) []assignment{owners, approvers, attributes} {
		old, now := of(w.before.file), of(w.after.file)
		all = append(all, w.moved(now, old, true)...)
		all = append(all, w.moved(old, now, false)...)
	}
	return all
}

func owners(f *grammar.File) []assignment {
	var all []assignment
	for _, d := range f.TagOwners {
		all = append(all, assignment{"tagOwners", d.Text, d.Values, d.Place})
	}
	return all
}

func approvers(f *grammar.File) []assignment {
	var all []assignment
	for _, section := range [][]grammar.Definition{f.AutoApprovers.Routes, f.AutoApprovers.Services} {
		for _, d := range section {
			all = append(all, assignment{"autoApprovers", d.Text, d.Values, d.Place})
		}
	}
	if names := f.AutoApprovers.ExitNode; len(names) > 0 {
		place := names[0].Place
		place.End = names[len(names)-1].End
		all = append(all, assignment{"autoApprovers", "exitNode", names, place})
	}
	return all
}

func attributes(f *grammar.File) []assignment {
	var all []assignment
	for _, a := range f.NodeAttrs {
		for _, attr := range a.Attr {
			all = append(all, assignment{"nodeAttrs", attr.Text, a.Target, a.Place})
		}
		for _, pool := range a.IPPool {
			all = append(all, assignment{"nodeAttrs", "ipPool " + pool.Text, a.Target, a.Place})
		}
		for _, c := range a.App {
			for _, v := range append(c.Values, nil) {
				all = append(all, assignment{"nodeAttrs", c.Text + " " + canonical(v), a.Target, a.Place})
			}
		}
	}
	return all
}

// covers reports whether an assignment gives what another does: a route also all within.
func (a *assignment) covers(b *assignment) bool {
	if a.item == b.item {
		return true
	}
	p, err := netip.ParsePrefix(a.item)
	q, err2 := netip.ParsePrefix(b.item)
	return a.section == "autoApprovers" && err == nil && err2 == nil && p.Bits() <= q.Bits() && p.Masked().Contains(q.Addr())
}

// moved finds what assignments give that others do not: gains where they are of the new
// file, and losses where they are of the old one.
func (w *world) moved(some, others []assignment, now bool) []Change {
	these, those := &w.after, &w.before
	if !now {
		these, those = those, these
	}
	var all []Change
	for _, a := range some {
		sure, most, names := w.holders(these, a)
		hadSure, hadMost, hadNames := w.index.Empty(), w.index.Empty(), []string(nil)
		for _, b := range others {
			if b.covers(&a) {
				s, m, n := w.holders(those, b)
				hadSure.Merge(s)
				hadMost.Merge(m)
				hadNames = append(hadNames, n...)
			}
		}
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(hadNames, n) })
		gain := sure.Of(hadMost, selector.Not)
		may := most.Of(hadSure, selector.Not).Of(gain, selector.Not)
		if sameNames(w, these, those, a, others) {
			may = w.index.Empty()
		}
		kinds := [2]Kind{Loss, MayLose}
		if now {
			kinds = [2]Kind{Gain, MayGain}
		}
		if gain.Any() || len(names) > 0 {
			all = append(all, w.assign(kinds[0], a, gain, names, these))
		}
		if may.Any() {
			all = append(all, w.assign(kinds[1], a, may, nil, these))
		}
	}
	return joined(all)
}

// sameNames reports whether an assignment stands in the other file too, so that what is
// unknown of its names is unknown of both.
func sameNames(w *world, these, those *side, a assignment, others []assignment) bool {
	for _, n := range a.names {
		if !these.Index.Resolve(n.Text).Doubt.Any() {
			continue
		}
		if !slices.ContainsFunc(others, func(b assignment) bool {
			return b.covers(&a) && slices.ContainsFunc(b.names, func(m grammar.Name) bool { return m.Text == n.Text })
		}) {
			return false
		}
	}
	return true
}

// holders are the devices to whose people, or to which, something is given, and the names
// that stand for nothing today.
func (w *world) holders(s *side, a assignment) (sure, most selector.Bits, names []string) {
	sure, most = w.index.Empty(), w.index.Empty()
	for _, n := range a.names {
		set := s.Index.Resolve(n.Text)
		if empty(set) {
			names = append(names, n.Text)
		}
		sure.Merge(set.V4)
		sure.Merge(set.V6)
		if set.Everyone {
			sure.Merge(w.targets)
		}
		most.Merge(set.Doubt)
	}
	most.Merge(sure)
	return sure, most, names
}

// assign tells what is assigned.
func (w *world) assign(kind Kind, a assignment, devices selector.Bits, names []string, s *side) Change {
	p := w.holdersWords(a, devices, names, s)
	rule := compiled.Rule{Section: a.section, Place: a.place}
	if 0 <= a.place.Begin && a.place.Begin <= a.place.End && a.place.End <= len(s.file.Text) {
		rule.Text = s.file.Text[a.place.Begin:a.place.End]
	}
	ch := Change{Kind: kind, Who: p.Who, What: What{Other: []string{a.item}}, Rules: []compiled.Rule{rule}}
	ch.Gravity = More
	what := ""
	switch a.section {
	case "tagOwners":
		power, does := w.power(a.item, kind == Gain || kind == MayGain)
		ch.Gravity = power
		what = "the ownership of " + words.Safe(a.item) + ", and may so put devices under it: " + does
	case "autoApprovers":
		ch.Gravity = Network
		what = "approval, unasked, of the routes within " + words.Safe(a.item)
		if strings.HasPrefix(a.item, "svc:") {
			ch.Gravity, what = More, "approval, unasked, to serve "+words.Safe(a.item)
		}
		if a.item == "exitNode" {
			what = "approval, unasked, as exit nodes"
		}
	case "nodeAttrs":
		what = "the attribute " + words.Safe(a.item) + attributeWords(a.item)
		if attributeWords(a.item) != "" {
			ch.Gravity = Network
		}
	}
	ch.Text = p.words() + " " + verb(kind, p.plural) + " " + what
	switch {
	case p.nobody:
		ch.Gravity = Nothing
	case kind == Loss || kind == MayLose:
		ch.Gravity = Less
	case p.Everyone:
		ch.Gravity = Everyone
	}
	if kind == MayGain || kind == MayLose {
		for _, n := range a.names {
			if s.Index.Resolve(n.Text).Doubt.Any() {
				ch.Unknown = words.Once(ch.Unknown, "who is in "+words.Safe(n.Text))
			}
		}
	}
	return ch
}

// attributeWords says what some attributes do.
func attributeWords(item string) string {
	switch {
	case item == "funnel":
		return ", and may so open ports to the whole internet"
	case item == "mullvad":
		return ", and may so send to the internet by Mullvad's exit nodes"
	}
	return ""
}

// holdersWords says who the holders are, by the names of the assignment.
func (w *world) holdersWords(a assignment, devices selector.Bits, names []string, s *side) *party {
	c := &comparison{layer: &layer{world: w}}
	var sets []*selector.Set
	for _, n := range a.names {
		sets = append(sets, s.Index.Resolve(n.Text))
	}
	g := &group{piece: &piece{lanes: []*lane{{from: compiled.Sources{Src: sets}}}}, sources: slices.Collect(devices.All())}
	if len(g.sources) == 0 {
		p := &party{nobody: true, plural: len(names) > 1}
		p.Others = names
		for _, n := range names {
			p.parts = append(p.parts, selectorWords(n)+" (nobody today)")
		}
		return p
	}
	return c.who(g)
}

// joined joins assignments of one thing by several entries.
func joined(all []Change) []Change {
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(c Change) bool {
		was := seen[c.Text]
		seen[c.Text] = true
		return was
	})
}
