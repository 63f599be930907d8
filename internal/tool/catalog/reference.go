// SPDX-License-Identifier: MIT

package catalog

import (
	"maps"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
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

// Scopes returns the scopes that a credential needs for every operation of t. Of an
// entry "a | b" it needs one, by the arguments of the call. The content of a request
// may need more.
func Scopes(t tool.Tool) []string {
	needed := map[string]bool{}
	for _, op := range tsapi.Operations() {
		if op.Scope != "" && slices.Contains(t.Operations, op.ID) {
			for scope := range strings.SplitSeq(op.Scope, " + ") {
				needed[scope] = true
			}
		}
	}
	return smallest(needed)
}

// Credential returns the smallest scopes with which tools of those classes do all
// they can, alternatives and those by content included.
func Credential(tools []tool.Tool, classes ...grant.Class) []string {
	needed := map[string]bool{}
	for _, t := range tools {
		if !slices.Contains(classes, t.Class) {
			continue
		}
		for _, scope := range Scopes(t) {
			for one := range strings.SplitSeq(scope, " | ") {
				needed[one] = true
			}
		}
		for _, id := range t.Operations {
			for _, scope := range byContent[id] {
				needed[scope] = true
			}
		}
	}
	return smallest(needed)
}

// smallest leaves out each scope to read whose scope to write, which includes it, is
// there (https://tailscale.com/kb/1623/trust-credentials), and sorts the rest.
func smallest(needed map[string]bool) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(needed)), func(scope string) bool {
		write, read := strings.CutSuffix(scope, ":read")
		return read && needed[write]
	})
}

// Unscoped reports whether t may send an operation for which the document of the
// API states no scope. Most of them take only a token that belongs to a person.
func Unscoped(t tool.Tool) bool {
	return slices.ContainsFunc(tsapi.Operations(), func(op tsapi.Operation) bool {
		return op.Scope == "" && slices.Contains(t.Operations, op.ID)
	})
}
