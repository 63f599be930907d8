// SPDX-License-Identifier: MIT

package effect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/selector"
)

// nonroot stands for every user of a host that no rule of the two files names, and is
// not root.
const nonroot = "*"

// how is under which conditions somebody gets in by ssh: the greater, the freer.
type how struct {
	accept    bool          // without signing in again
	period    time.Duration // else how long that lasts
	recorders string        // tags that record, empty: nobody does
	enforced  bool          // nobody gets in where none of them answers
	env       string        // variables that are taken over
}

// always is the period of a check at each connection: the shortest.
func (h how) compare(o how) int {
	switch {
	case h.accept != o.accept:
		return boolean(h.accept) - boolean(o.accept)
	case h.period != o.period:
		return cmp.Compare(h.period, o.period)
	}
	return cmp.Or(boolean(h.recorders == "")-boolean(o.recorders == ""), boolean(o.enforced)-boolean(h.enforced), cmp.Compare(len(h.env), len(o.env)),
		strings.Compare(h.recorders, o.recorders), strings.Compare(h.env, o.env))
}

// logins are the items of ssh: for each user the ways to get in, the least free first. A
// rule gives a way together with those that are less free.
type logins struct {
	users []string
	ways  []how
}

func (l *logins) item(user, way int) int { return user*len(l.ways) + way }

// wayOf reads under which conditions a rule lets in.
func wayOf(r *compiled.SSHRule) how {
	h := how{accept: !r.Check, recorders: strings.Join(r.Recorders, ", "), env: strings.Join(r.AcceptEnv, ", ")}
	if r.Check {
		switch h.period = r.CheckPeriod; {
		case h.period == 0:
			h.period = 12 * time.Hour
		case h.period < 0:
			h.period = 0
		}
	}
	h.enforced = h.recorders != "" && r.EnforceRecorder
	return h
}

// ssh makes the layer of "ssh".
func (w *world) ssh() *layer {
	l := w.layer("ssh")
	sides := []*side{&w.before, &w.after}
	all := &logins{users: []string{nonroot, "root"}}
	for _, s := range sides {
		for _, p := range s.Shell {
			all.ways = append(all.ways, wayOf(&p.Made))
			all.users = append(all.users, p.Logins()...)
		}
	}
	slices.Sort(all.users)
	all.users = slices.Compact(all.users)
	slices.SortFunc(all.ways, how.compare)
	all.ways = slices.Compact(all.ways)
	l.number = len(all.users) * len(all.ways)
	l.granted = func(hits []hit, now bool) (sure, most selector.Bits) { return all.granted(l, hits, now) }
	l.say = all.say
	for k, s := range sides {
		for i, p := range s.Shell {
			way, _ := slices.BinarySearchFunc(all.ways, wayOf(&p.Made), how.compare)
			var users []string
			for _, user := range p.Logins() {
				if domain, ok := strings.CutPrefix(user, "localpart:*"); ok {
					n := w.newLane(s, p.Rule, w.of(p.Sources, domain))
					n.to = append(slices.Clone(p.Dst), w.index.Resolve("autogroup:self")) // the service sends them there too
					n.items = all.give(l.empty(), []string{user}, way)
					l.add(n, k == 1, i)
				} else {
					users = append(users, user)
				}
			}
			n := w.newLane(s, p.Rule, p.Sources)
			n.to = p.Dst
			if n.items = all.give(l.empty(), users, way); n.items.Any() {
				l.add(n, k == 1, i)
			}
		}
	}
	return l
}

// of keeps the sources whose login is of a domain.
func (w *world) of(from compiled.Sources, domain string) compiled.Sources {
	keep := w.index.Empty()
	for i := range w.index.Devices {
		if w.index.Member(i) && strings.HasSuffix(strings.ToLower(w.index.Devices[i].Login), domain) {
			keep.Add(i)
		}
	}
	from.S4, from.S6 = from.S4.Of(keep, selector.And), from.S6.Of(keep, selector.And)
	from.M4, from.M6 = from.M4.Of(keep, selector.And), from.M6.Of(keep, selector.And)
	from.Literal, from.Anyone, from.Strangers = nil, false, false
	return from
}

// give enters a way for users, and those that are less free.
func (l *logins) give(into selector.Bits, names []string, way int) selector.Bits {
	everybody := slices.Contains(names, nonroot)
	for u, user := range l.users {
		if slices.Contains(names, user) || everybody && user != "root" {
			for i := range way + 1 {
				into.Add(l.item(u, i))
			}
		}
	}
	return into
}

// granted lets the first rule that matches decide for each user. What may match is
// looked at both ways: as if it did, and as if it did not.
func (l *logins) granted(layer *layer, hits []hit, now bool) (sure, most selector.Bits) {
	order := slices.Clone(hits)
	slices.SortStableFunc(order, func(a, b hit) int { return a.place(now) - b.place(now) })
	first := func(may bool) selector.Bits {
		out := layer.empty()
		for u := range l.users {
			for _, h := range order {
				if h.of(now) && (h.sure || may) && h.items.Has(l.item(u, 0)) {
					for i := range l.ways {
						if h.items.Has(l.item(u, i)) {
							out.Add(l.item(u, i))
						}
					}
					break
				}
			}
		}
		return out
	}
	without, with := first(false), first(true)
	return without.Of(with, selector.And), without.Of(with, selector.Or)
}

func (n *lane) place(now bool) int {
	if now {
		return n.placeNow
	}
	return n.placeOld
}

// say names the users of items, with the freest way in that is among them.
func (l *logins) say(items selector.Bits) What {
	var w What
	byWay := map[string][]string{}
	var order []string
	for u, user := range l.users {
		low, high := -1, -1
		for i := range l.ways {
			if items.Has(l.item(u, i)) {
				if low < 0 {
					low = i
				}
				high = i
			}
		}
		if high < 0 {
			continue
		}
		w.Users = append(w.Users, user)
		text := l.words(low, high)
		if byWay[text] == nil {
			order = append(order, text)
		}
		byWay[text] = append(byWay[text], user)
	}
	var parts []string
	for _, text := range order {
		parts = append(parts, "ssh as "+userWords(byWay[text])+text)
	}
	w.Other = parts
	return w
}

// words says what sets a way in apart: of somebody who gets in now, or of somebody who
// got in before and does so more freely.
func (l *logins) words(low, high int) string {
	h := l.ways[high]
	if low > 0 {
		was := l.ways[low-1]
		var all []string
		switch {
		case h.accept && !was.accept:
			all = append(all, "without the check that asks to sign in again")
		case h.period != was.period:
			all = append(all, fmt.Sprintf("with a check %s instead of %s", h.often(), was.often()))
		}
		if h.recorders == "" && was.recorders != "" {
			all = append(all, "without being recorded by "+words.Safe(was.recorders))
		}
		if was.enforced && !h.enforced && h.recorders != "" {
			all = append(all, "also while no recorder answers")
		}
		if len(all) > 0 && h.env != was.env && h.env != "" {
			all = append(all, "with the environment variables "+words.Safe(h.env))
		}
		if len(all) > 0 {
			return " " + words.And(all)
		}
		return " under other conditions of recording and environment"
	}
	if !h.accept {
		return " after a check"
	}
	return ""
}

func (h how) often() string {
	if h.period == 0 {
		return "at each connection"
	}
	return "every " + strings.TrimSuffix(strings.TrimSuffix(h.period.String(), "0s"), "0m")
}

// userWords names users of hosts.
func userWords(users []string) string {
	if slices.Contains(users, nonroot) {
		if slices.Contains(users, "root") {
			return "root and every other user"
		}
		return "every user but root"
	}
	var all []string
	for _, u := range users {
		if domain, ok := strings.CutPrefix(u, "localpart:*@"); ok {
			all = append(all, "the user of their own name ("+words.Safe("*@"+domain)+")")
		} else {
			all = append(all, words.Safe(u))
		}
	}
	return words.List(all, 6)
}
