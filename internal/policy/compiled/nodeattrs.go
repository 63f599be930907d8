// SPDX-License-Identifier: MIT

package compiled

import (
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/selector"
)

// attrRule is a compiled entry of "nodeAttrs".
type attrRule struct {
	Rule
	grammar.NodeAttr
	targets []*selector.Set
}

func (p *Policy) compileAttrs() {
	for i, a := range p.Parsed.NodeAttrs {
		r := &attrRule{Rule: p.Entry("nodeAttrs", i, a.Place), NodeAttr: a}
		for _, t := range a.Target {
			r.targets = append(r.targets, p.Index.Resolve(t.Text))
		}
		p.attrs = append(p.attrs, r)
	}
}

// NodeAttrs returns the attributes that "nodeAttrs" gives a device (its ID or name),
// with the values of its applications, and those that it may give.
func (p *Policy) NodeAttrs(device string) (sure, may CapMap, unknown []string) {
	all := p.Index.Named(device)
	if len(all) != 1 {
		return nil, nil, nil
	}
	sure, may = CapMap{}, CapMap{}
	for _, r := range p.attrs {
		switch in, why := targeted(r, all[0]); {
		case in:
			r.give(sure)
		case why != "":
			r.give(may)
			unknown = append(unknown, why)
		}
	}
	return sure, may, Phrases(unknown)
}

// targeted reports whether an entry is for a device, or what would have to be known.
func targeted(r *attrRule, device int) (in bool, why string) {
	for _, t := range r.targets {
		switch {
		case t.V4.Has(device) || t.V6.Has(device):
			return true, ""
		case t.Doubt.Has(device):
			why = t.Why(device)
		}
	}
	return false, why
}

// give enters the attributes of an entry.
func (r *attrRule) give(to CapMap) {
	for _, a := range r.Attr {
		if _, ok := to[a.Text]; !ok {
			to[a.Text] = nil
		}
	}
	for _, c := range r.App {
		to[c.Text] = append(to[c.Text], c.Values...)
	}
}
