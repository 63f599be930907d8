// SPDX-License-Identifier: MIT

package risk

import (
	"fmt"
	"slices"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

type (
	device = tailnet.Device
	person = tailnet.Person
)

// assigned are the tags and routes that anybody may give a device.
func (r reader) assigned() []Finding {
	file := r.Policy.File()
	tags := Finding{
		Rank: High, Area: Policy, Risk: "anybody may give their device a tag",
		Why: "with the tag comes all that it reaches", Next: "edit_policy with remove_owner",
	}
	routes := Finding{
		Rank: High, Area: Policy, Risk: "anybody's routes or exit nodes are approved by themselves",
		Why: "traffic of others goes through whoever offers it", Next: "edit_policy",
	}
	wide := func(names []grammar.Name) bool {
		return slices.ContainsFunc(names, func(n grammar.Name) bool { return slices.Contains(everybody, n.Text) })
	}
	for _, t := range file.TagOwners {
		if wide(t.Values) {
			tags.Where = append(tags.Where, defined(t, "tagOwners"))
		}
	}
	for _, a := range slices.Concat(file.AutoApprovers.Routes, file.AutoApprovers.Services) {
		if wide(a.Values) {
			routes.Where = append(routes.Where, defined(a, "autoApprovers"))
		}
	}
	if wide(file.AutoApprovers.ExitNode) {
		routes.Where = append(routes.Where, fmt.Sprintf("autoApprovers line %d: exitNode", file.AutoApprovers.ExitNode[0].Line))
	}
	return slices.Concat(found(tags), found(routes))
}
