// SPDX-License-Identifier: MIT

// Package held says by the policy file who may use this server, and by which line: all
// of them rule by rule, a device that is there, one that a person or tag would have, and
// what a group has in common. The tool who_can_use and `tailscale-mcp check` share it.
package held

import (
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/visible"
)

// Grant is what one rule of the policy file gives on this server, or may give.
type Grant struct {
	policy.Holding
	Rules   grant.Rules // of its entries; without anything where they cannot be read
	Problem string      // why they cannot be read; their callers are refused everything
}

// Grants reads the entries of what rules give.
func Grants(all []policy.Holding) []Grant {
	out := make([]Grant, 0, len(all))
	for _, h := range all {
		g := Grant{Holding: h}
		rules, err := grant.Parse(texts(h.Values))
		if err != nil {
			g.Problem = "an entry cannot be read: " + visible.Text(err.Error())
		} else {
			g.Rules = rules
		}
		out = append(out, g)
	}
	return out
}

// Refused returns the logins and tags that are refused everything, with the line of the
// rule whose entry cannot be read.
func Refused(all []Grant) map[string]int {
	refused := map[string]int{}
	for _, g := range all {
		if g.Problem == "" || g.Answer != policy.Yes {
			continue
		}
		for _, name := range slices.Concat(g.People, g.Tags) {
			if _, earlier := refused[name]; !earlier {
				refused[name] = g.Rule.Line
			}
		}
	}
	return refused
}

// added appends the phrases that are not there yet, with everything in them visible.
func added(all, more []string) []string {
	for _, u := range more {
		if u = visible.Text(u); !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	return all
}

// texts are values as the grammar of grants takes them.
func texts(values []json.RawMessage) (all []string) {
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}
