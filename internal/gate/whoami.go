// SPDX-License-Identifier: MIT

package gate

import (
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
	Notice  string   `json:"notice,omitempty" jsonschema:"what an administrator of this host should know: why it offers less than it is set to, and what to do"`

	Classes   []grant.Class `json:"classes" jsonschema:"classes of tools that this host offers at all"`
	Tools     []string      `json:"tools" jsonschema:"tools you may call"`
	Resources []string      `json:"resources" jsonschema:"resources you may read"`
	Prompts   []string      `json:"prompts" jsonschema:"prompts you may use"`

	Conditions []string `json:"conditions,omitempty" jsonschema:"entries of your grants that hold only for some devices, until a time or at a rate: what is not of those devices is shown nowhere"`

	Missing *Missing `json:"missing,omitempty" jsonschema:"what this host offers and you may not use"`
}

// mostConditions bounds the entries that whoami repeats.
const mostConditions = 20

// Missing is what a caller lacks and how to get it.
type Missing struct {
	Tools     []string `json:"tools,omitempty"`
	Resources []string `json:"resources,omitempty"`
	Grant     string   `json:"grant,omitempty" jsonschema:"a grant for the tailnet policy file that would allow what only reads, or once you may read everything what writes; tools that remove things or grant privilege an administrator has to name deliberately"`
}

// WhoAmI tells the caller what it is taken for and what it may use of what there is.
func (c Call) WhoAmI() WhoAmIResult { return c.dispatcher.whoAmI(c.Caller, c.snapshot) }

func (d *Dispatcher) whoAmI(c caller.Caller, now *Snapshot) WhoAmIResult {
	host := d.host()
	out := WhoAmIResult{
		Login: c.Login, Tags: c.Tags, Node: c.Node, NodeID: c.NodeID,
		Host:    fmt.Sprintf("%s (tcp:%d)", host.Name, host.Port),
		Notice:  d.notice,
		Classes: now.Ceiling(),
		Tools:   []string{}, Resources: []string{}, Prompts: []string{},
	}
	out.Conditions = d.rules(c).Conditions(mostConditions)
	if c.Addr.IsValid() {
		out.Address = c.Addr.Addr().String()
	}
	if why := d.readsOnly(); why != "" {
		if out.Notice != "" {
			out.Notice += "; "
		}
		out.Notice += "tools that change something are refused now, because " + why + "; an administrator of this host sees more with: tailscale status"
	}
	var missing Missing
	byClass := map[grant.Class][]string{}
	for _, t := range now.tools {
		if d.mayCall(c, t).Allowed {
			out.Tools = append(out.Tools, t.Name)
			continue
		}
		missing.Tools = append(missing.Tools, t.Name)
		byClass[t.Class] = append(byClass[t.Class], t.Name)
	}
	for _, r := range now.resources {
		if d.mayList(c, r).Allowed {
			out.Resources = append(out.Resources, r.selector())
		} else {
			missing.Resources = append(missing.Resources, r.selector())
		}
	}
	for _, p := range d.PromptsOf(now, c) {
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
