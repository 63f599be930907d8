// SPDX-License-Identifier: MIT

package policy

import (
	"cmp"
	"net/netip"
	"slices"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/grammar"
)

// Given says what each rule gives, or may give, a peer of an application capability on
// a host, in the order of the file: together what Capabilities says. Who else is at the
// source is left out.
func (p *Policy) Given(peer, host netip.Addr, capability string) []Holding {
	var out []Holding
	for _, r := range p.Rules {
		if _, there := capabilityOf(r, capability); !there {
			continue
		}
		alone := *p.Policy
		alone.Rules = []*compiled.Network{r}
		sure, may, unknown := alone.Capabilities(peer, host)
		if values, ok := sure[capability]; ok {
			out = append(out, Holding{Access{Rule: r.Rule, Answer: Yes, Selectors: sourcesOf(r)}, values})
		}
		if values, ok := may[capability]; ok {
			out = append(out, Holding{Access{Rule: r.Rule, Answer: Unknown, Unknown: unknown, Selectors: sourcesOf(r)}, values})
		}
	}
	return out
}

// Naming says what the rules that name a selector among their sources, or all if it is
// empty, give of a capability on a host, whoever the sources stand for and whether
// anybody does. What hangs on their posture is unknown.
func (p *Policy) Naming(selector string, host Endpoint, capability string) []Holding {
	var out []Holding
	nobody := compiled.End{Device: compiled.Nobody, Service: compiled.Nobody}
	for _, r := range p.Rules {
		c, there := capabilityOf(r, capability)
		if !there || len(r.Via) > 0 || selector != "" && !slices.Contains(sourcesOf(r), selector) {
			continue
		}
		var hit compiled.Match
		for _, f := range r.Facets {
			for _, to := range host.ends {
				m := p.Target(r, f.Dst, to, nobody)
				hit.Sure, hit.May = hit.Sure|m.Sure, hit.May|m.May
			}
		}
		a := Access{Rule: r.Rule, Answer: Yes, Selectors: sourcesOf(r)}
		switch {
		case hit.Sure|hit.May == 0:
			continue
		case len(r.Postures) > 0:
			a.Answer, a.Unknown = Unknown, []string{"the posture of the devices of " + cmp.Or(selector, "its sources")}
		case hit.Sure == 0:
			a.Answer, a.Unknown = Unknown, []string{"whether this host is a destination of the rule"}
		}
		out = append(out, Holding{a, c.Values})
	}
	return out
}

// capabilityOf finds a capability among those of a rule.
func capabilityOf(r *compiled.Network, name string) (grammar.Capability, bool) {
	i := slices.IndexFunc(r.Caps, func(c grammar.Capability) bool { return c.Text == name })
	if i < 0 {
		return grammar.Capability{}, false
	}
	return r.Caps[i], true
}

// sourcesOf returns the sources of a rule as they are written.
func sourcesOf(r *compiled.Network) []string {
	var all []string
	for _, s := range r.Src {
		all = append(all, s.Text)
	}
	return all
}
