// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// WhoAmIResult is the answer of whoami.
type WhoAmIResult struct {
	Login   string   `json:"login,omitempty" jsonschema:"the user, absent for a tagged node"`
	Tags    []string `json:"tags,omitempty" jsonschema:"the tags of a tagged node, which are its identity"`
	Node    string   `json:"node,omitempty" jsonschema:"MagicDNS name of the calling node"`
	NodeID  string   `json:"nodeId,omitempty" jsonschema:"stable ID of the calling node"`
	Address string   `json:"address,omitempty" jsonschema:"the address the call came from"`
	Host    string   `json:"host" jsonschema:"how a grant names this host in dst"`

	Classes   []grant.Class `json:"classes" jsonschema:"classes of tools that this host offers at all"`
	Tools     []string      `json:"tools" jsonschema:"tools you may call"`
	Resources []string      `json:"resources" jsonschema:"resources you may read"`
	Prompts   []string      `json:"prompts" jsonschema:"prompts you may use"`

	Missing *Missing `json:"missing,omitempty" jsonschema:"what this host offers and you may not use"`
}

// Missing is what a caller lacks and how to get it.
type Missing struct {
	Tools     []string `json:"tools,omitempty"`
	Resources []string `json:"resources,omitempty"`
	Grant     string   `json:"grant,omitempty" jsonschema:"a grant for the tailnet policy file that would allow what only reads, or once you may read everything what writes; tools that remove things or grant privilege an administrator has to name deliberately"`
}

// WhoAmI is the set with the one tool that every identified caller may call.
func WhoAmI() Set {
	return Set{Tools: []Tool{New(Definition{
		Name:        "whoami",
		Title:       "Who am I to this server",
		Group:       "local",
		Class:       grant.Read,
		ForEveryone: true,
		Description: "Tells who the server takes you for (as tailscaled attests, not as you say), which tools, resources and prompts you may use, " +
			"which you may not, and the grant an administrator would add to let you read them. Call it first when something was refused. Costs nothing upstream.",
	}, func(_ context.Context, call Call, _ struct{}) (WhoAmIResult, error) {
		return call.dispatcher.whoAmI(call.Caller), nil
	})}}
}

func (d *Dispatcher) whoAmI(c caller.Caller) WhoAmIResult {
	host := d.host()
	out := WhoAmIResult{
		Login: c.Login, Tags: c.Tags, Node: c.Node, NodeID: c.NodeID,
		Host:    fmt.Sprintf("%s (tcp:%d)", host.Name, host.Port),
		Classes: d.registry.Ceiling(),
		Tools:   []string{}, Resources: []string{}, Prompts: []string{},
	}
	if c.Addr.IsValid() {
		out.Address = c.Addr.Addr().String()
	}
	var missing Missing
	byClass := map[grant.Class][]string{}
	for _, t := range d.registry.tools {
		if mayCall(c, t).Allowed {
			out.Tools = append(out.Tools, t.Name)
			continue
		}
		missing.Tools = append(missing.Tools, t.Name)
		byClass[t.Class] = append(byClass[t.Class], t.Name)
	}
	for _, r := range d.registry.resources {
		if mayList(c, r).Allowed {
			out.Resources = append(out.Resources, r.URI)
		} else {
			missing.Resources = append(missing.Resources, r.URI)
		}
	}
	for _, p := range d.Prompts(c) {
		out.Prompts = append(out.Prompts, p.Name)
	}
	if len(missing.Tools)+len(missing.Resources) == 0 {
		return out
	}
	out.Missing = &missing
	// What is proposed is pasted. So it grants the least that helps: reads first.
	proposed := byClass[grant.Read]
	if len(proposed)+len(missing.Resources) == 0 {
		proposed = byClass[grant.Write]
	}
	if len(proposed)+len(missing.Resources) > 0 {
		missing.Grant = grant.Missing{
			Capability: d.capability, Src: c.Principals(), Dst: host.Name, Port: host.Port,
			Tools: proposed, Resources: missing.Resources,
		}.String()
	}
	return out
}
