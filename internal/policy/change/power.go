// SPDX-License-Identifier: MIT

package change

import (
	"bytes"
	"encoding/json"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
)

// powers lists who may give a tag to devices, or advertise without approval.
func (d *difference) powers(p *policy.Policy, kind string) []fact {
	var all []fact
	add := func(section string, i int, at grammar.Place, thing string, who []grammar.Name) {
		f := fact{rule: p.Entry(section, i, at), src: d.space.empty(), may: d.space.empty(), dst: d.nowhere, dub: d.space.empty(), things: []string{thing}}
		for _, name := range who {
			set := p.Index.Find(name.Text)
			d.space.put(f.src, p, set.V4)
			d.space.put(f.src, p, set.V6)
			d.space.put(f.may, p, set.Doubt)
			f.names = append(f.names, name.Text)
		}
		all = append(all, f)
	}
	if kind == "tag" {
		for i, t := range p.Parsed.TagOwners {
			add("tagOwners", i, t.Place, "to give devices "+t.Text, t.Values)
		}
		return all
	}
	a := p.Parsed.AutoApprovers
	for i, r := range a.Routes {
		add("autoApprovers", i, r.Place, "to advertise the route "+r.Text+" without approval", r.Values)
	}
	for i, s := range a.Services {
		add("autoApprovers", i, s.Place, "to serve "+s.Text+" without approval", s.Values)
	}
	if len(a.ExitNode) > 0 {
		add("autoApprovers", 0, a.ExitNode[0].Place, "to be an exit node without approval", a.ExitNode)
	}
	return all
}

// canonical writes a JSON value such that equal ones are written alike.
func canonical(v json.RawMessage) string {
	var any any
	d := json.NewDecoder(bytes.NewReader(v))
	d.UseNumber()
	if d.Decode(&any) != nil {
		return string(v)
	}
	text, err := json.Marshal(any)
	if err != nil {
		return string(v)
	}
	return string(text)
}

// same reports whether two JSON values are equal.
func same(a, b []byte) bool { return canonical(a) == canonical(b) }
