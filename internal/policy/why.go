// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// dead is the reason why a device has no access at all, whatever the rules say.
func (a *asked) dead(s, d end) (Reason, bool) {
	for _, e := range []end{s, d} {
		if e.device >= 0 && !a.p.index.Live(e.device) {
			return Reason{Layer: "device", Text: fmt.Sprintf("%s is suspended, and with them their device %s", a.p.index.Devices[e.device].Login, e.name), Next: "restore the person"}, true
		}
	}
	if s.device >= 0 && a.p.index.Devices[s.device].External {
		return Reason{Layer: "device", Text: s.name + " is shared in from another tailnet: it only answers", Next: "let a device of this tailnet begin"}, true
	}
	return Reason{}, false
}

// why says what would have to be known for a rule to count between two ends.
func (p *Policy) why(r *rule, dst *selector.Set, s, d end) []string {
	var all []string
	if s.device >= 0 {
		if m, _ := p.source(&r.sources, s); m.sure == 0 {
			all = append(all, p.doubts(&r.sources, s.device)...)
		}
	} else if s.abstract != "" {
		all = append(all, "the posture of the devices of "+s.abstract)
	}
	if d.device >= 0 && dst.Why != nil && dst.Doubt.Has(d.device) {
		all = append(all, dst.Why(d.device))
	}
	return all
}

// fewReasons is how many rules that came near an answer names, of each layer.
const fewReasons = 5

// explain says why a source does not reach a destination: the rules that came near,
// layer by layer, the nearest first.
func (p *Policy) explain(q Question, s, d end) []Reason {
	var by [4][]Reason // port, posture, route, family
	from, to := 0, 0
	for _, r := range p.rules {
		sm, named := p.source(&r.sources, s)
		if named != 0 {
			from++
		}
		hit := false
		for _, f := range r.facets {
			dm := p.target(r, f.dst, d, s)
			if dm.sure|dm.may == 0 && d.device >= 0 && len(r.via) > 0 {
				continue
			}
			if dm.sure|dm.may == 0 || len(f.open) == 0 {
				continue
			}
			hit = true
			if layer, reason, ok := p.near(q, r, f, sm, named, dm, d); ok && len(by[layer]) < fewReasons {
				by[layer] = append(by[layer], reason)
			}
		}
		if hit {
			to++
		}
	}
	var all []Reason
	for _, reasons := range by {
		all = append(all, reasons...)
	}
	if len(all) == 0 {
		all = append(all, Reason{
			Layer: "rule",
			Text:  fmt.Sprintf("no rule has both %s among its sources and %s among its destinations: %d have the one, %d the other", s.name, d.name, from, to),
			Next:  "add a rule, or a member to one",
		})
	}
	return append(all, p.noWay(d)...)
}

// near is what keeps one rule from allowing a pair whose ends it may name.
func (p *Policy) near(q Question, r *rule, f facet, sm match, named family, dm match, d end) (int, Reason, bool) {
	reason := Reason{Rule: &r.Rule}
	lets, opens := false, []string{}
	for _, o := range f.open {
		lets = lets || o.Lets(q.Proto, q.Port)
		opens = append(opens, o.Text()...)
	}
	switch {
	case named&(dm.sure|dm.may) == 0:
		if named == 0 {
			return 0, reason, false
		}
		reason.Layer = "rule"
		reason.Text = "a rule names both ends, by addresses of different families, and a packet has one"
		reason.Next = "name both by device, person or tag"
		return 3, reason, true
	case !lets:
		reason.Layer = "port"
		reason.Text = fmt.Sprintf("a rule opens %s there, and not %s", strings.Join(opens, ", "), wanted(q))
		reason.Next = "add " + wanted(q) + " to the rule"
		return 0, reason, true
	case sm.sure|sm.may == 0:
		reason.Layer = "posture"
		reason.Text = "a rule allows it on a condition that is not met: " + strings.Join(r.posture, " or ")
		reason.Next = "look at the posture attributes of the source"
		return 1, reason, true
	case d.device < 0 && d.ranges != nil && len(p.carriers(r, d)) == 0:
		reason.Layer, reason.Text = "route", "a rule allows it, and no device has an approved route to "+d.name
		reason.Next = "advertise and approve the route"
		if len(r.via) > 0 {
			reason.Layer = "via"
			reason.Text = fmt.Sprintf("a rule allows it through %s, and no device of that tag has an approved route to %s", strings.Join(r.via, " or "), d.name)
		}
		if d.service >= 0 {
			reason.Layer, reason.Text, reason.Next = "service", "a rule allows it, and no approved device serves "+d.name, "approve a host of the Service"
		}
		return 2, reason, true
	}
	return 0, reason, false
}

// noWay is that nothing carries a destination, whatever the rules.
func (p *Policy) noWay(d end) []Reason {
	if d.device >= 0 || d.ranges == nil || d.service >= 0 || len(p.carriers(&rule{}, d)) > 0 {
		return nil
	}
	return []Reason{{Layer: "route", Text: "no device has the address " + d.name + ", or an approved route to it", Next: "advertise and approve the route"}}
}

// wanted names the protocol and port of a question.
func wanted(q Question) string {
	port := "*"
	if q.Port != 0 {
		port = ports.Range{First: q.Port, Last: q.Port}.String()
	}
	if q.Proto == 0 {
		return port
	}
	return ports.Name(q.Proto) + ":" + port
}
