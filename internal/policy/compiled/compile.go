// SPDX-License-Identifier: MIT

// Package compiled is a policy file made to mean something for a tailnet: rules with the
// devices and addresses that they are about, and what each device gets of them, a packet
// filter, capabilities, ssh rules and attributes. Package policy asks it questions.
package compiled

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

// Rule is a rule of the file that had a part in an answer.
type Rule struct {
	Section string // "acls", "grants", "ssh", "nodeAttrs", "tests", "sshTests"
	Index   int    // in its section, from 0
	grammar.Place
	Text string // as its author wrote it, comments inside included
}

// Policy is a file compiled for a tailnet: what it means for these people and devices.
// It may be asked by several goroutines at once.
type Policy struct {
	Parsed *grammar.File
	Net    *tailnet.Tailnet
	Index  *selector.Index
	Rules  []*Network // of "acls" and "grants", in the order of the file
	Shell  []*SSH     // of "ssh", in the order in which they are tried

	attrs []*attrRule
	carry map[int]*netipx.IPSet // of devices with routes: what reaches them
}

// Network is a compiled rule of the network.
type Network struct {
	Rule
	Sources
	Via    []string
	Routed selector.Bits // devices of via
	Facets []Facet
	Caps   []grammar.Capability
}

// Facet is one destination of a rule, and what is open there.
type Facet struct {
	Dst  *selector.Set
	Open []ports.Open
}

// Compile makes a file mean something for a tailnet. It never fails: a name that means
// nothing matches nobody (the API would refuse such a file: see [grammar.Validate]).
// Neither argument may be changed afterwards.
func Compile(f *grammar.File, t *tailnet.Tailnet) *Policy {
	p := &Policy{Parsed: f, Net: t, Index: selector.NewIndex(f, t)}
	p.carry = map[int]*netipx.IPSet{}
	for _, i := range p.Index.Routers {
		p.carry[i] = carries(&p.Index.Devices[i])
	}
	judged := map[string]*judgement{}
	for i, a := range f.ACLs {
		p.Rules = append(p.Rules, p.acl(i, a, judged))
	}
	for i, g := range f.Grants {
		p.Rules = append(p.Rules, p.grant(i, g, judged))
	}
	if f.Open() {
		p.Rules = append(p.Rules, p.open(judged))
	}
	slices.SortStableFunc(p.Rules, func(a, b *Network) int { return a.Begin - b.Begin })
	p.compileSSH(judged)
	p.compileAttrs()
	return p
}

// File returns the file that was compiled.
func (p *Policy) File() *grammar.File { return p.Parsed }

// Tailnet returns the tailnet that the file was compiled for.
func (p *Policy) Tailnet() *tailnet.Tailnet { return p.Net }

// Entry is a rule or test of the file.
func (p *Policy) Entry(section string, index int, at grammar.Place) Rule {
	r := Rule{Section: section, Index: index, Place: at}
	if 0 <= at.Begin && at.Begin <= at.End && at.End <= len(p.Parsed.Text) {
		r.Text = p.Parsed.Text[at.Begin:at.End]
	}
	return r
}

func (p *Policy) acl(i int, a grammar.ACL, judged map[string]*judgement) *Network {
	r := &Network{Rule: p.Entry("acls", i, a.Place), Sources: p.sourcesOf(a.Src, a.SrcPosture, true, judged)}
	if strings.TrimSpace(a.Action.Text) != "accept" {
		return r
	}
	protocols, known := ports.Protocol(a.Proto.Text)
	for _, d := range a.Dst {
		name, list, _ := ports.Cut(d.Text)
		if open, ok := ports.Parse(list); ok && known {
			r.Facets = append(r.Facets, Facet{p.Index.Resolve(name), []ports.Open{{Protocols: protocols, Ports: open}}})
		}
	}
	return r
}

func (p *Policy) grant(i int, g grammar.Grant, judged map[string]*judgement) *Network {
	r := &Network{Rule: p.Entry("grants", i, g.Place), Sources: p.sourcesOf(g.Src, g.SrcPosture, true, judged), Caps: g.App}
	var open []ports.Open
	for _, entry := range g.IP {
		if o, ok := ports.Grant(entry.Text); ok {
			open = append(open, o)
		}
	}
	for _, d := range g.Dst {
		r.Facets = append(r.Facets, Facet{p.Index.Resolve(d.Text), open})
	}
	for _, v := range g.Via {
		r.Via = append(r.Via, v.Text)
		if r.Routed == nil {
			r.Routed = p.Index.Empty()
		}
		for _, d := range p.Index.Tagged(v.Text) {
			r.Routed.Add(d)
		}
	}
	return r
}

// open is the rule that stands for no rules.
func (p *Policy) open(judged map[string]*judgement) *Network {
	all := []grammar.Name{{Text: "*"}}
	return &Network{
		Rule:    Rule{Index: -1, Text: `(a file without "acls" and "grants" lets everything reach everything)`},
		Sources: p.sourcesOf(all, nil, true, judged),
		Facets:  []Facet{{p.Index.Resolve("*"), []ports.Open{{Ports: []ports.Range{ports.All}}}}},
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
