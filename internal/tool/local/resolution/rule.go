// SPDX-License-Identifier: MIT

// Package resolution tells, by what tailscaled says of a host, which rule of its DNS
// configuration answers a name, and whether the resolvers of that rule can be reached. It
// asks nobody.
//
// The order of rules is that of tailscaled: names of nodes and extra records, the longest
// suffix of split DNS, then the resolvers for everything, else the host's own.
package resolution

import (
	"net/netip"
	"strings"

	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
	"tailscale.com/types/dnstype"
)

// Facts are what is known of the host.
type Facts struct {
	Status *ipnstate.Status // with its peers
	Config *tailcfg.DNSConfig
	Prefs  *ipn.Prefs
	// Networks are those that the host itself is in; nil when not known.
	Networks []netip.Prefix
}

// The kinds of rules.
const (
	Node     = "MagicDNS name"
	Record   = "extra record"
	NoName   = "MagicDNS, which has no such name"
	Split    = "split DNS"
	Global   = "global resolvers"
	ExitNode = "exit node"
	Host     = "this host's own resolver"
)

// Rule is what answers a name.
type Rule struct {
	Kind      string     `json:"kind"`
	Domain    string     `json:"domain,omitempty" jsonschema:"the suffix, or the node's name, that decides"`
	Resolvers []Resolver `json:"resolvers,omitempty" jsonschema:"who is asked; none where tailscaled answers by itself"`
}

// RuleOf returns the rule for a full name, in lower case and without a dot at its end.
func (f Facts) RuleOf(name string) Rule {
	if node := f.nodeOf(name); node != nil {
		return Rule{Kind: Node, Domain: plain(node.DNSName)}
	}
	for _, r := range f.Config.ExtraRecords {
		if plain(r.Name) == name && (r.Type == "" || r.Type == "A" || r.Type == "AAAA") {
			return Rule{Kind: Record, Domain: name}
		}
	}
	if rule, ok := f.split(name); ok {
		return rule
	}
	return f.rest()
}

// nodeOf returns the node of that name, or with an address that the name is the reverse of.
func (f Facts) nodeOf(name string) *ipnstate.PeerStatus {
	addr, reverse := addressOf(name)
	is := func(ps *ipnstate.PeerStatus) bool {
		if !reverse {
			return plain(ps.DNSName) == name
		}
		for _, own := range ps.TailscaleIPs {
			if own == addr {
				return true
			}
		}
		return false
	}
	if self := f.Status.Self; self != nil && is(self) {
		return self
	}
	for _, ps := range f.Status.Peer {
		if is(ps) {
			return ps
		}
	}
	return nil
}

// split returns the rule of the longest suffix that the name has.
func (f Facts) split(name string) (Rule, bool) {
	rule := Rule{}
	found := false
	take := func(domain string, resolvers []*dnstype.Resolver) {
		if domain = plain(domain); !within(name, domain) || found && len(domain) < len(rule.Domain) {
			return
		}
		found = true
		rule = Rule{Kind: Split, Domain: domain, Resolvers: f.ways(resolvers)}
		if len(resolvers) == 0 {
			rule.Kind = NoName
		}
	}
	if f.Config.Proxied {
		if t := f.Status.CurrentTailnet; t != nil && t.MagicDNSSuffix != "" {
			take(t.MagicDNSSuffix, nil)
		}
		if addr, reverse := addressOf(name); reverse && tsaddr.IsTailscaleIP(addr) {
			take(name, nil)
		}
	}
	for domain, resolvers := range f.Config.Routes {
		if f.usesExitNode() {
			// tailscaled leaves the others to the exit node.
			if resolvers = withExitNode(resolvers); len(resolvers) == 0 {
				continue
			}
		}
		take(domain, resolvers)
	}
	return rule, found
}

// rest is the rule for what no other is for.
func (f Facts) rest() Rule {
	switch {
	case f.usesExitNode():
		if kept := withExitNode(f.Config.Resolvers); len(kept) > 0 {
			return Rule{Kind: Global, Resolvers: f.ways(kept)}
		}
		return Rule{Kind: ExitNode, Resolvers: []Resolver{f.exitNode()}}
	case len(f.Config.Resolvers) > 0:
		return Rule{Kind: Global, Resolvers: f.ways(f.Config.Resolvers)}
	}
	return Rule{Kind: Host}
}

func (f Facts) usesExitNode() bool { return f.Prefs.ExitNodeID != "" }

func withExitNode(all []*dnstype.Resolver) (kept []*dnstype.Resolver) {
	for _, r := range all {
		if r != nil && r.UseWithExitNode {
			kept = append(kept, r)
		}
	}
	return kept
}

// within reports whether a name is a domain or in it.
func within(name, domain string) bool {
	return domain == "" || name == domain || strings.HasSuffix(name, "."+domain)
}

// plain is a name in lower case, without the dot at its end.
func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
