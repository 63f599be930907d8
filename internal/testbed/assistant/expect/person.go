// SPDX-License-Identifier: MIT

package expect

import (
	"slices"
	"strings"

	"tailscale-mcp/internal/testbed/assistant/company"
)

// Belongings are what a person has in the tailnet.
type Belongings struct {
	Devices  []string // of their own, by name
	Tagged   []string // that they registered, and that are their tags' now
	Keys     []string // IDs
	Invites  []string // IDs, of devices shared with outsiders too
	Webhooks []string // IDs
	Places   []string // in the policy file: group:eng, tag:ci, grants, tests, ...
}

// Of are the belongings of a person.
func Of(c *company.Company, login string) (b Belongings) {
	b.Devices = Names(c, func(d company.Device) bool { return d.Owner == login && len(d.Tags) == 0 })
	b.Tagged = Names(c, func(d company.Device) bool { return d.Owner == login && len(d.Tags) > 0 })
	for _, k := range c.Keys {
		if k.By == login {
			b.Keys = append(b.Keys, k.ID)
		}
	}
	for _, i := range c.Invites {
		if i.By == login {
			b.Invites = append(b.Invites, i.ID)
		}
	}
	for _, w := range c.Webhooks {
		if w.By == login {
			b.Webhooks = append(b.Webhooks, w.ID)
		}
	}
	place := func(name string, texts []string) {
		if slices.Contains(texts, login) {
			b.Places = append(b.Places, name)
		}
	}
	p := c.Policy
	for name, members := range p.Groups {
		place(name, members)
	}
	for name, owners := range p.TagOwners {
		place(name, owners)
	}
	for _, r := range p.ACLs {
		place("acls", r.Src)
	}
	for _, r := range p.SSH {
		place("ssh", r.Src)
	}
	for _, g := range p.Grants {
		place("grants", g.Src)
	}
	for _, t := range p.Tests {
		place("tests", []string{t.Src})
	}
	slices.Sort(b.Places)
	return b
}

// Mentions counts how often a policy file has a login outside its comments.
func Mentions(p company.Policy, login string) (n int) {
	for line := range strings.Lines(p.Text) {
		code, _, _ := strings.Cut(line, "//")
		n += strings.Count(code, `"`+login+`"`)
	}
	return n
}
