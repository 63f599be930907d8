// SPDX-License-Identifier: MIT

package policy

import (
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
	"tailscale-mcp/internal/policy/tailnet"
)

// Policy is a file compiled for a tailnet: what it means for these people and devices.
// It may be asked by several goroutines at once.
type Policy struct {
	file  *grammar.File
	net   *tailnet.Tailnet
	index *selector.Index
	rules []*rule // of "acls" and "grants", in the order of the file
	ssh   []*sshRule
	attrs []*attrRule
}

// rule is a compiled rule of the network.
type rule struct {
	Rule
	sources
	via    []string
	routed selector.Bits // devices of via
	facets []facet
	caps   []grammar.Capability
}

// facet is one destination of a rule, and what is open there.
type facet struct {
	dst  *selector.Set
	open []ports.Open
}

// Compile makes a file mean something for a tailnet. It never fails: a name that means
// nothing matches nobody (the API would refuse such a file: see [grammar.Validate]).
// Neither argument may be changed afterwards.
func Compile(f *grammar.File, t *tailnet.Tailnet) *Policy {
	p := &Policy{file: f, net: t, index: selector.NewIndex(f, t)}
	judged := map[string]*judgement{}
	for i, a := range f.ACLs {
		p.rules = append(p.rules, p.acl(i, a, judged))
	}
	for i, g := range f.Grants {
		p.rules = append(p.rules, p.grant(i, g, judged))
	}
	if f.Open() {
		p.rules = append(p.rules, p.open(judged))
	}
	slices.SortStableFunc(p.rules, func(a, b *rule) int { return a.Begin - b.Begin })
	p.compileSSH(judged)
	p.compileAttrs()
	return p
}

// File returns the file that was compiled.
func (p *Policy) File() *grammar.File { return p.file }

// Tailnet returns the tailnet that the file was compiled for.
func (p *Policy) Tailnet() *tailnet.Tailnet { return p.net }

// named is a rule of the file.
func (p *Policy) named(section string, index int, at grammar.Place) Rule {
	r := Rule{Section: section, Index: index, Place: at}
	if 0 <= at.Begin && at.Begin <= at.End && at.End <= len(p.file.Text) {
		r.Text = p.file.Text[at.Begin:at.End]
	}
	return r
}

func (p *Policy) acl(i int, a grammar.ACL, judged map[string]*judgement) *rule {
	r := &rule{Rule: p.named("acls", i, a.Place), sources: p.sourcesOf(a.Src, a.SrcPosture, true, judged)}
	if strings.TrimSpace(a.Action.Text) != "accept" {
		return r
	}
	protocols, known := ports.Protocol(a.Proto.Text)
	for _, d := range a.Dst {
		name, list, _ := ports.Cut(d.Text)
		if open, ok := ports.Parse(list); ok && known {
			r.facets = append(r.facets, facet{p.index.Resolve(name), []ports.Open{{Protocols: protocols, Ports: open}}})
		}
	}
	return r
}

func (p *Policy) grant(i int, g grammar.Grant, judged map[string]*judgement) *rule {
	r := &rule{Rule: p.named("grants", i, g.Place), sources: p.sourcesOf(g.Src, g.SrcPosture, true, judged), caps: g.App}
	var open []ports.Open
	for _, entry := range g.IP {
		if o, ok := ports.Grant(entry.Text); ok {
			open = append(open, o)
		}
	}
	for _, d := range g.Dst {
		r.facets = append(r.facets, facet{p.index.Resolve(d.Text), open})
	}
	for _, v := range g.Via {
		r.via = append(r.via, v.Text)
		if r.routed == nil {
			r.routed = p.index.Empty()
		}
		for _, d := range p.index.Tagged(v.Text) {
			r.routed.Add(d)
		}
	}
	return r
}

// open is the rule that stands for no rules.
func (p *Policy) open(judged map[string]*judgement) *rule {
	all := []grammar.Name{{Text: "*"}}
	return &rule{
		Rule:    Rule{Index: -1, Text: `(a file without "acls" and "grants" lets everything reach everything)`},
		sources: p.sourcesOf(all, nil, true, judged),
		facets:  []facet{{p.index.Resolve("*"), []ports.Open{{Ports: []ports.Range{ports.All}}}}},
	}
}

// internet reports whether a device is an approved exit node.
func internet(d *tailnet.Device) bool { return slices.ContainsFunc(d.Approved, address.Exit) }

// carries returns the addresses that reach a device: its routes, and the internet where
// it is an exit node.
func carries(d *tailnet.Device) *netipx.IPSet {
	return address.Build(func(b *netipx.IPSetBuilder) {
		for _, route := range d.Approved {
			if !address.Exit(route) {
				b.AddPrefix(route)
			}
		}
		if internet(d) {
			b.AddSet(address.Internet())
		}
	})
}
