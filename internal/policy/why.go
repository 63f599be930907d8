// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/ports"
)

// dead is the reason why a device has no access at all, whatever the rules say.
func (a *asked) dead(s, d compiled.End) (Reason, bool) {
	for _, e := range []compiled.End{s, d} {
		if e.Device >= 0 && !a.p.Index.Live(e.Device) {
			return Reason{Layer: "device", Text: fmt.Sprintf("%s is suspended, and with them their device %s", a.p.Index.Devices[e.Device].Login, e.Name), Next: "restore the person"}, true
		}
	}
	if s.Device >= 0 && a.p.Index.Devices[s.Device].External {
		return Reason{Layer: "device", Text: s.Name + " is shared in from another tailnet: it only answers", Next: "let a device of this tailnet begin"}, true
	}
	return Reason{}, false
}

// fewReasons is how many rules that came near an answer names, of each layer.
const fewReasons = 5

// explain says why a source does not reach a destination: the rules that came near,
// layer by layer, the nearest first.
func (p *Policy) explain(q Question, s, d compiled.End) []Reason {
	var by [4][]Reason // port, posture, route, family
	from, to := 0, 0
	for _, r := range p.Rules {
		sm, named := p.Source(&r.Sources, s)
		if named != 0 {
			from++
		}
		hit := false
		for _, f := range r.Facets {
			dm := p.Target(r, f.Dst, d, s)
			if dm.Sure|dm.May == 0 && d.Device >= 0 && len(r.Via) > 0 {
				continue
			}
			if dm.Sure|dm.May == 0 || len(f.Open) == 0 {
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
			Text:  fmt.Sprintf("no rule has both %s among its sources and %s among its destinations: %d have the one, %d the other", s.Name, d.Name, from, to),
			Next:  "add a rule, or a member to one",
		})
	}
	return append(all, p.noWay(d)...)
}

// near is what keeps one rule from allowing a pair whose ends it may name.
func (p *Policy) near(q Question, r *compiled.Network, f compiled.Facet, sm compiled.Match, named compiled.Family, dm compiled.Match, d compiled.End) (int, Reason, bool) {
	reason := Reason{Rule: &r.Rule}
	lets, opens := false, []string{}
	for _, o := range f.Open {
		lets = lets || o.Lets(q.Proto, q.Port)
		opens = append(opens, o.Text()...)
	}
	switch {
	case named&(dm.Sure|dm.May) == 0:
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
	case sm.Sure|sm.May == 0:
		reason.Layer = "posture"
		reason.Text = "a rule allows it on a condition that is not met: " + strings.Join(r.Postures, " or ")
		reason.Next = "look at the posture attributes of the source"
		return 1, reason, true
	case d.Device < 0 && d.Ranges != nil && len(p.Carriers(r, d)) == 0:
		reason.Layer, reason.Text = "route", "a rule allows it, and no device has an approved route to "+d.Name
		reason.Next = "advertise and approve the route"
		if len(r.Via) > 0 {
			reason.Layer = "via"
			reason.Text = fmt.Sprintf("a rule allows it through %s, and no device of that tag has an approved route to %s", strings.Join(r.Via, " or "), d.Name)
		}
		if d.Service >= 0 {
			reason.Layer, reason.Text, reason.Next = "service", "a rule allows it, and no approved device serves "+d.Name, "approve a host of the Service"
		}
		return 2, reason, true
	}
	return 0, reason, false
}

// noWay is that nothing carries a destination, whatever the rules.
func (p *Policy) noWay(d compiled.End) []Reason {
	if d.Device >= 0 || d.Ranges == nil || d.Service >= 0 || len(p.Carriers(&compiled.Network{}, d)) > 0 {
		return nil
	}
	return []Reason{{Layer: "route", Text: "no device has the address " + d.Name + ", or an approved route to it", Next: "advertise and approve the route"}}
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
