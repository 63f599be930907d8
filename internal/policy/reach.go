// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
)

// Question asks whether a source reaches a destination.
type Question struct {
	Src, Dst Endpoint
	Proto    int    // IP protocol number: 6 TCP, 17 UDP, 1 ICMP; 0: TCP or UDP
	Port     uint16 // 0 for protocols without ports, or: any port
}

// Verdict is the answer to a question. Where an end is several devices (a tag, a group),
// yes means that all of the source reach all of the destination, as in "tests".
type Verdict struct {
	Answer  Answer
	Partly  bool     // the answer is no, and some of the ends do or may
	Rules   []Rule   // that allow it, or may
	Unknown []string // what would have to be known, a phrase each
	Via     []string // names of the devices that carry it: subnet routers, exit nodes, hosts of a Service
	Why     []Reason // where the answer is not yes: layer by layer, the nearest miss first
}

// Reach says whether a source reaches a destination by the file, and by which rules.
func (p *Policy) Reach(q Question) Verdict { return p.ask(q, false).verdict() }

// tooMany is how many comparisons one question may cost.
const tooMany = 20_000_000

// ask answers a question pair by pair; by the file alone it asks of no way to get there.
func (p *Policy) ask(q Question, fileAlone bool) *asked {
	a := &asked{p: p, q: q, fileAlone: fileAlone}
	for i, r := range p.Rules {
		for j := range r.Facets {
			f := &r.Facets[j]
			for _, o := range f.Open {
				if o.Lets(q.Proto, q.Port) {
					a.open = append(a.open, opened{i, f})
					a.self = a.self || f.Dst.Self
					break
				}
			}
		}
	}
	srcs := a.classes(q.Src.ends, true)
	dsts := a.classes(q.Dst.ends, false)
	if q.Dst.self {
		a.own(srcs)
		return a
	}
	if len(srcs)*len(dsts)*max(len(a.open), 1) > tooMany {
		a.unknown++
		a.doubts = append(a.doubts, fmt.Sprintf("%d kinds of sources and %d of destinations, too many for one question: ask about fewer", len(srcs), len(dsts)))
		return a
	}
	for _, s := range srcs {
		for _, d := range dsts {
			a.pair(s, d)
		}
	}
	return a
}

// asked is a question under way.
type asked struct {
	p         *Policy
	q         Question
	fileAlone bool
	open      []opened // what lets the protocol and port pass
	self      bool     // "autogroup:self" is among it

	yes, unknown, no int
	rules, may       map[int]bool
	doubts           []string
	via              map[string]bool
	why              []Reason
}

// opened is a facet of a rule that lets the protocol and port of a question pass.
type opened struct {
	rule  int
	facet *compiled.Facet
}

// class is ends that the rules treat alike, by one of them.
type class struct {
	compiled.End
	matches []compiled.Match // of a source: by opened facet; of a destination: without "autogroup:self"
}

// classes puts ends together that the rules treat alike.
func (a *asked) classes(ends []compiled.End, source bool) []class {
	var out []class
	seen := map[string]bool{}
	for _, e := range ends {
		c := class{End: e, matches: make([]compiled.Match, len(a.open))}
		var key strings.Builder
		last, m := compiled.Nobody, compiled.Match{}
		for i, o := range a.open {
			r := a.p.Rules[o.rule]
			if !source {
				m = a.p.Target(r, o.facet.Dst, e, compiled.End{Device: compiled.Nobody})
			} else if o.rule != last {
				m, _ = a.p.Source(&r.Sources, e)
				last = o.rule
			}
			c.matches[i] = m
			key.WriteByte(byte(m.Sure | m.May<<2))
		}
		if e.Device < 0 || a.self || !a.p.Index.Live(e.Device) || a.p.Index.Devices[e.Device].External {
			key.WriteString(e.Name)
		}
		if !seen[key.String()] {
			seen[key.String()] = true
			out = append(out, c)
		}
	}
	return out
}

// own asks each source about its own devices.
func (a *asked) own(srcs []class) {
	for _, s := range srcs {
		if s.Device < 0 || !a.p.Index.Member(s.Device) {
			a.no++
			a.why = append(a.why, Reason{Layer: "rule", Text: s.Name + " has no devices of its own: autogroup:self is for people"})
			continue
		}
		for _, d := range a.classes(a.p.devices(a.p.Index.Owned(a.p.Index.Devices[s.Device].Login)), false) {
			a.pair(s, d)
		}
	}
}

// pair asks about one source and one destination.
func (a *asked) pair(s, d class) {
	if reason, ok := a.dead(s.End, d.End); ok {
		a.no++
		a.why = append(a.why, reason)
		return
	}
	var sure, may []int
	var doubts []string
	routed := false
	for i, o := range a.open {
		r := a.p.Rules[o.rule]
		to := d.matches[i]
		if o.facet.Dst.Self {
			to = a.p.Target(r, o.facet.Dst, d.End, s.End)
		}
		from := s.matches[i]
		if (from.Sure|from.May)&(to.Sure|to.May) == 0 {
			continue
		}
		if !a.carried(r, d.End) {
			routed = true
			continue
		}
		if from.Sure&to.Sure != 0 {
			sure = append(sure, o.rule)
			continue
		}
		may = append(may, o.rule)
		doubts = append(doubts, a.p.Doubted(r, o.facet.Dst, s.End, d.End)...)
	}
	a.count(s.End, d.End, sure, may, doubts, routed)
}

// count enters the answer of one pair.
func (a *asked) count(s, d compiled.End, sure, may []int, doubts []string, routed bool) {
	if a.rules == nil {
		a.rules, a.may = map[int]bool{}, map[int]bool{}
	}
	external := d.Device >= 0 && a.p.Index.Devices[d.Device].External
	if external && len(sure) > 0 {
		may, sure = append(may, sure...), nil
		doubts = append(doubts, "the policy of the tailnet that "+d.Name+" is shared from")
	}
	if routed && len(sure)+len(may) == 0 && !a.fileAlone && (a.p.Net.Partial || len(a.p.Net.Missing) > 0) {
		a.unknown++
		a.doubts = append(a.doubts, "whether a device that is not listed has the route to "+d.Name)
		return
	}
	switch {
	case len(sure) > 0:
		a.yes++
		for _, r := range sure {
			a.rules[r] = true
		}
	case len(may) > 0:
		a.unknown++
		a.doubts = append(a.doubts, doubts...)
		for _, r := range may {
			a.may[r] = true
		}
	default:
		a.no++
		if len(a.why) == 0 {
			a.why = a.p.explain(a.q, s, d)
		}
	}
}

// carried reports whether there is a way to a destination, and notes who it is.
func (a *asked) carried(r *compiled.Network, d compiled.End) bool {
	if a.fileAlone || d.Device >= 0 || d.Ranges == nil {
		return true
	}
	if a.via == nil {
		a.via = map[string]bool{}
	}
	all := a.p.Carriers(r, d)
	for _, name := range a.p.NamesOf(all) {
		a.via[name] = true
	}
	return len(all) > 0
}

// verdict sums the pairs up.
func (a *asked) verdict() Verdict {
	v := Verdict{Unknown: compiled.Phrases(a.doubts)}
	switch {
	case a.no > 0 || a.yes+a.unknown == 0:
		v.Answer, v.Partly = No, a.yes+a.unknown > 0
		v.Why = a.why
		if len(v.Why) == 0 {
			v.Why = []Reason{{Layer: "rule", Text: "nobody is at one of the ends: " + a.q.Src.Name + " or " + a.q.Dst.Name + " stands for no device"}}
		}
	case a.unknown > 0:
		v.Answer = Unknown
	default:
		v.Answer = Yes
	}
	for i, r := range a.p.Rules {
		if a.rules[i] || v.Answer != Yes && a.may[i] {
			v.Rules = append(v.Rules, r.Rule)
		}
	}
	for name := range a.via {
		v.Via = append(v.Via, name)
	}
	slices.Sort(v.Via)
	return v
}
