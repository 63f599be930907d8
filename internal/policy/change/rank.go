// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy"
)

// Rank is how frightening a change is: the least first.
type Rank int

// The ranks of changes, in their order.
const (
	OwnWay     Rank = iota // the caller loses the way to this server, or what they have on it
	Everybody              // everyone, or anyone at all, gains something
	Everything             // somebody gains everything
	Root                   // somebody gains root by ssh
	Exit                   // somebody gains the internet by exit nodes
	ThisServer             // a capability of this server
	Powers                 // other capabilities, and who may give tags or needs no approval
	Rest                   // all else
)

// String names a rank.
func (r Rank) String() string {
	return [...]string{"own way in", "everyone", "everything", "root by ssh", "exit nodes", "this server", "powers", "access"}[r]
}

// order sorts changes: by rank, gains before losses, what is sure before what may be.
func order(all []Change) {
	slices.SortStableFunc(all, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), b2i(b.Gains)-b2i(a.Gains), cmp.Compare(a.Answer, b.Answer), strings.Compare(a.Text, b.Text))
	})
}

// change makes a change of a gain.
func (d *difference) change(kind string, g *gain, old, now side) Change {
	c := Change{Gains: g.gains, Kind: kind, Answer: policy.Unknown, What: texts(g.things)}
	if g.sure {
		c.Answer = policy.Yes
	}
	s := old
	if g.gains {
		s = now
	}
	var preferred []string
	for _, i := range slices.Sorted(maps.Keys(g.rules)) {
		preferred = append(preferred, s.facts[i].names...)
		if n := len(c.Rules); n == 0 || c.Rules[n-1] != s.facts[i].rule {
			c.Rules = append(c.Rules, s.facts[i].rule)
		}
	}
	c.Who = d.names(g.who, preferred)
	if kind == "network" || kind == "capability" || kind == "ssh" {
		c.On = d.names(g.on, nil)
	}
	c.Rank = d.rank(c, g)
	c.Text = c.sentence()
	return c
}

// rank says how frightening a change is.
func (d *difference) rank(c Change, g *gain) Rank {
	has := func(all []Party, names ...string) bool {
		return slices.ContainsFunc(all, func(p Party) bool { return slices.Contains(names, p.Name) })
	}
	here := c.Kind == "capability" && slices.ContainsFunc(c.What, func(w string) bool {
		return d.focus.Capability != "" && (w == d.focus.Capability || strings.HasPrefix(w, d.focus.Capability+" "))
	})
	switch {
	case !c.Gains && d.own(g) && (here || c.Kind == "network"):
		return OwnWay
	case c.Gains && has(c.Who, anyone, everyone):
		return Everybody
	case c.Gains && has(c.On, everything):
		return Everything
	case c.Gains && c.Kind == "ssh" && slices.ContainsFunc(c.What, func(w string) bool { return strings.HasPrefix(w, "ssh as root") }):
		return Root
	case c.Gains && has(c.On, internet):
		return Exit
	case here:
		return ThisServer
	case c.Kind == "capability" || c.Kind == "tag" || c.Kind == "approval":
		return Powers
	}
	return Rest
}

// own reports whether a loss is the caller's, at this server.
func (d *difference) own(g *gain) bool {
	peer, ok := d.old.Index.At(d.focus.Peer)
	host, ok2 := d.old.Index.At(d.focus.Host)
	return ok && ok2 && g.who.Has(peer) && g.on.Has(host)
}

// sentence writes a change.
func (c Change) sentence() string {
	verb := map[bool]map[policy.Answer]string{
		true:  {policy.Yes: "gain", policy.Unknown: "may gain"},
		false: {policy.Yes: "lose", policy.Unknown: "may lose"},
	}[c.Gains][c.Answer]
	text := fmt.Sprintf("%s: %s %s", list(c.Who), verb, strings.Join(c.What, ", "))
	if len(c.On) > 0 {
		text += " on " + list(c.On)
	}
	return text
}

// list joins names; a few are enough for a sentence.
func list(all []Party) string {
	var names []string
	for i, p := range all {
		if i == 8 {
			names = append(names, fmt.Sprintf("%d more", len(all)-i))
			break
		}
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}
