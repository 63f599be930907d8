// SPDX-License-Identifier: MIT

package catalog

import (
	"maps"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/scope"
)

// byContent are the scopes that an operation needs on top of its own, by the content of
// the request (https://tailscale.com/api, in the text of each).
var byContent = map[string][]string{
	"getTailnetSettings":           {"logs:network:read", "networking_settings:read", "policy_file:read"},
	"updateTailnetSettings":        {"logs:network", "networking_settings", "policy_file"},
	"setLogStreamingConfiguration": {"device_invites", "policy_file"},
	"createOAuthApp":               {"devices:posture_attributes"},
}

// Used is an operation of the Tailscale API and the tools that may send it.
type Used struct {
	tsapi.Operation
	// ByContent are further scopes that it may need, by the content of the request.
	ByContent []string
	// Tools are their names. Why is the reason why there are none.
	Tools []string
	Why   string
}

// Operations returns every operation of the Tailscale API, in the order of its
// document, with the tools that may send it.
func Operations(tools []tool.Tool) []Used {
	var all []Used
	for _, op := range tsapi.Operations() {
		u := Used{Operation: op, ByContent: byContent[op.ID], Why: Unoffered[op.ID]}
		for _, t := range tools {
			if slices.Contains(t.Operations, op.ID) {
				u.Tools = append(u.Tools, t.Name)
			}
		}
		all = append(all, u)
	}
	return all
}

// Credential returns the smallest scopes with which tools of those classes do all
// they can, alternatives and those by content included.
func Credential(tools []tool.Tool, classes ...grant.Class) []string {
	var needed []string
	for _, t := range tools {
		if !slices.Contains(classes, t.Class) {
			continue
		}
		for _, need := range t.Needs() {
			needed = append(needed, strings.Split(need, " | ")...)
		}
		for _, id := range t.Operations {
			needed = append(needed, byContent[id]...)
		}
	}
	return scope.Smallest(needed)
}

// Lack is a scope that a credential lacks, and the tools that need it.
type Lack struct {
	Scope string
	Tools []string
}

// Lacking compares the scopes of a credential with what the tools need: scope by scope,
// in their order. It is nothing when the scopes are not known.
func Lacking(tools []tool.Tool, have scope.Set) (all []Lack) {
	by := map[string][]string{}
	for _, t := range tools {
		for _, one := range have.Lacks(t.Needs()...) {
			by[one] = append(by[one], t.Name)
		}
	}
	for _, one := range slices.Sorted(maps.Keys(by)) {
		all = append(all, Lack{one, by[one]})
	}
	return all
}

// Unscoped reports whether t may send an operation for which the document of the
// API states no scope. Most of them take only a token that belongs to a person.
func Unscoped(t tool.Tool) bool {
	return slices.ContainsFunc(tsapi.Operations(), func(op tsapi.Operation) bool {
		return op.Scope == "" && slices.Contains(t.Operations, op.ID)
	})
}
