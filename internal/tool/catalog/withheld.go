// SPDX-License-Identifier: MIT

package catalog

import (
	"slices"
	"strings"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// place is where an administrator sets what this host offers.
const place = "/etc/tailscale-mcp.env and restarts tailscale-mcp"

// Why this host does not offer a tool.
var (
	noCredential = gate.Reason{
		What: "it has no API credential",
		Next: "an administrator of this host sets TAILSCALE_OAUTH_CLIENT_ID and TAILSCALE_OAUTH_CLIENT_SECRET in " + place +
			" (the client is made at https://login.tailscale.com/admin/settings/trust-credentials)",
	}
	noAudit = gate.Reason{
		What: "it has no file for the audit, and changes nothing without",
		Next: "an administrator of this host sets TAILSCALE_MCP_AUDIT_FILE in " + place,
	}
)

// withheld are the tools of this version that a host with those options, which has these
// sets and lacks those for want of a credential, does not offer, each with everything that
// has to be set.
func withheld(o Options, offered, rest []tool.Set) (left tool.Set) {
	leave := func(tools []tool.Tool, why ...gate.Reason) {
		for _, t := range tools {
			all := slices.Clone(why)
			switch {
			case t.ForEveryone || slices.Contains(o.Ceiling, t.Class):
			case slices.Contains(o.Unaudited, t.Class):
				all = append(all, noAudit)
			default:
				all = append(all, noClass(slices.Concat(o.Ceiling, o.Unaudited), t.Class))
			}
			if o.Groups != nil && !t.ForEveryone && !slices.Contains(o.Groups, t.Group) {
				all = append(all, noGroup(t.Group))
			}
			if len(all) > 0 {
				left.Withheld = append(left.Withheld, gate.Withheld{Tool: t.Granted(), Why: all})
			}
		}
	}
	leave(merged(offered).Tools)
	leave(merged(rest).Tools, noCredential)
	return left
}

// noGroup says how to offer one group more.
func noGroup(group string) gate.Reason {
	return gate.Reason{
		What: "it does not offer the group " + group,
		Next: "an administrator of this host sets TAILSCALE_MCP_GROUPS to all, or adds " + group + " to it, in " + place,
	}
}

// noClass says how to offer one class more.
func noClass(set []grant.Class, class grant.Class) gate.Reason {
	var words []string
	for _, c := range grant.Classes() {
		if c == class || slices.Contains(set, c) {
			words = append(words, string(c))
		}
	}
	return gate.Reason{
		What: "it does not offer the class " + string(class),
		Next: "an administrator of this host sets TAILSCALE_MCP_ALLOW=" + strings.Join(words, ",") + " in " + place,
	}
}
