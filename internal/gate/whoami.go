// SPDX-License-Identifier: MIT

package gate

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// WhoAmIResult is the answer of whoami. Tools, resources and prompts are named as
// shortly as a grant would; the lists have their names.
type WhoAmIResult struct {
	Login   string   `json:"login,omitempty" jsonschema:"the user, absent for a tagged node"`
	Tags    []string `json:"tags,omitempty" jsonschema:"the tags of a tagged node, which are its identity"`
	Node    string   `json:"node,omitempty" jsonschema:"MagicDNS name of the calling node"`
	NodeID  string   `json:"nodeId,omitempty" jsonschema:"stable ID of the calling node"`
	Address string   `json:"address,omitempty" jsonschema:"the address the call came from"`
	Host    string   `json:"host" jsonschema:"how a grant names this host in dst"`
	Notice  string   `json:"notice,omitempty" jsonschema:"what an administrator of this host should know: why it offers less than it is set to, and what to do"`

	Classes    []grant.Class `json:"classes" jsonschema:"classes of tools that this host offers at all"`
	Groups     []string      `json:"groups,omitempty" jsonschema:"the groups that this client asks for in its URL: nothing else is shown here, whatever is granted"`
	NotOffered []string      `json:"notOffered,omitempty" jsonschema:"what this version has and this host does not offer to anybody, why, and what its administrator sets"`

	Tools     []string `json:"tools" jsonschema:"tools you may call: names, or * (all but escalating), CLASS:*, group:NAME, group:NAME:CLASS for all such that this host offers"`
	Resources []string `json:"resources" jsonschema:"resources you may read; * is all"`
	Prompts   []string `json:"prompts" jsonschema:"prompts you may use; * is all"`

	Servers []Behind `json:"servers,omitempty" jsonschema:"further servers behind this host of which you may use something; each answers at its own path, with the names of its own tools"`

	Conditions []string `json:"conditions,omitempty" jsonschema:"entries of your grants that hold only for some devices, until a time or at a rate: what is not of those devices is shown nowhere"`

	Missing *Missing `json:"missing,omitempty" jsonschema:"what this host offers and you may not use"`
}

// Behind is what a caller may use of a server behind the gate. Nothing is said of a server
// that it may use nothing of, nor of what else one has.
type Behind struct {
	Name      string   `json:"name"`
	Path      string   `json:"path" jsonschema:"where it answers, on the host and port of this server"`
	Tools     []string `json:"tools,omitempty" jsonschema:"in the form of a grant: SERVER/NAME, or SERVER/* and SERVER/CLASS:* for all such"`
	Resources []string `json:"resources,omitempty" jsonschema:"what the grants name: of which resources there are, the server itself has the list"`
	Prompts   []string `json:"prompts,omitempty"`
}

// mostConditions bounds the entries that whoami repeats.
const mostConditions = 20

// Missing is what a caller lacks and how to get it.
type Missing struct {
	Tools     []string `json:"tools,omitempty" jsonschema:"in the form of the tools you may call"`
	Count     int      `json:"count,omitempty" jsonschema:"how many tools that is"`
	Resources []string `json:"resources,omitempty"`
	Grant     string   `json:"grant,omitempty" jsonschema:"a grant for the tailnet policy file that would allow everything that only reads; for a tool that changes something, the refusal of a call names the grant"`
}

// WhoAmI tells the caller what it is taken for and what it may use of what there is.
func (c Call) WhoAmI() WhoAmIResult { return c.dispatcher.whoAmI(c.Caller, c.snapshot) }

func (d *Dispatcher) whoAmI(c caller.Caller, now *Snapshot) WhoAmIResult {
	host := d.host()
	out := WhoAmIResult{
		Login: c.Login, Tags: c.Tags, Node: c.Node, NodeID: c.NodeID,
		Host:    fmt.Sprintf("%s (tcp:%d)", host.Name, host.Port),
		Notice:  d.notice,
		Classes: now.Ceiling(), Groups: now.view.Groups(), NotOffered: now.notOffered(),
		Conditions: d.rules(c).Conditions(mostConditions),
	}
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
	lacksRead := false
	out.Tools, missing.Tools = d.summary(c, now)
	for _, t := range now.tools {
		if !d.mayCall(c, t).Allowed {
			missing.Count++
			lacksRead = lacksRead || t.Class == grant.Read
		}
	}
	out.Resources, missing.Resources = split(now.resources, Resource.selector, func(r Resource) bool { return d.mayList(c, r).Allowed })
	out.Prompts, _ = split(now.prompts, func(p Prompt) string { return p.Name }, func(p Prompt) bool { return d.mayPrompt(c, now, p).Allowed })
	if !now.view.Narrow() { // who asks for groups asks for our own
		out.Servers = d.Behind(c)
	}
	if missing.Count+len(missing.Resources) == 0 {
		return out
	}
	out.Missing = &missing
	// What is proposed is pasted. So it grants what only reads, and nothing that nobody
	// asked for.
	proposed := grant.Missing{Capability: d.capability, Src: c.Principals(), Dst: host.Name, Port: host.Port}
	if lacksRead {
		proposed.Tools = now.view.reads()
	}
	if len(missing.Resources) > 0 {
		proposed.Resources = []string{all}
		if now.view.Narrow() {
			proposed.Resources = nil
			for _, r := range now.resources {
				if !d.mayList(c, r).Allowed {
					proposed.Resources = append(proposed.Resources, r.selector())
				}
			}
		}
	}
	missing.Grant = proposed.String()
	return out
}

// Behind is what c may use of each server behind the gate, by their names.
func (d *Dispatcher) Behind(c caller.Caller) (all []Behind) {
	rules := d.rules(c)
	_, resources, _ := rules.OfServers()
	for _, name := range d.registry.Servers() {
		if !rules.Reach(name) {
			continue
		}
		now, prefix := d.registry.Of(name), name+"/"
		b := Behind{Name: name, Path: "/" + name + "/mcp"}
		var tools []grant.Tool
		for _, t := range now.tools {
			tools = append(tools, t.Granted())
		}
		for _, selector := range grant.Summary(tools, func(t grant.Tool) bool { return rules.Tool(t).Allowed }) {
			b.Tools = append(b.Tools, prefix+selector)
		}
		for _, selector := range resources {
			if now.Others() && strings.HasPrefix(selector, prefix) {
				b.Resources = append(b.Resources, selector)
			}
		}
		for _, p := range now.prompts {
			if d.mayPrompt(c, now, p).Allowed {
				b.Prompts = append(b.Prompts, prefix+p.Name)
			}
		}
		if len(b.Tools)+len(b.Resources)+len(b.Prompts) > 0 {
			all = append(all, b)
		}
	}
	return all
}

// summary names the tools that c may call, and those that c may not. What everybody may
// call is in neither unless it is all: it says nothing about anybody's grants.
func (d *Dispatcher) summary(c caller.Caller, now *Snapshot) (may, mayNot []string) {
	tools := make([]grant.Tool, 0, len(now.tools))
	allowed := map[string]bool{}
	for _, t := range now.tools {
		if t.ForEveryone && identified(c) {
			may = append(may, t.Name)
			continue
		}
		tools = append(tools, t.Granted())
		allowed[t.Name] = d.mayCall(c, t).Allowed
	}
	may = append(grant.Summary(tools, func(t grant.Tool) bool { return allowed[t.Name] }), may...)
	return may, grant.Summary(tools, func(t grant.Tool) bool { return !allowed[t.Name] })
}

// all is the selector of every resource, and says that there is nothing else.
const all = "*"

// split names the things that may be used and those that may not.
func split[T any](things []T, name func(T) string, may func(T) bool) (yes, no []string) {
	yes = []string{}
	for _, t := range things {
		if may(t) {
			yes = append(yes, name(t))
		} else {
			no = append(no, name(t))
		}
	}
	switch {
	case len(no) == 0 && len(yes) > 1:
		yes = []string{all}
	case len(yes) == 0 && len(no) > 1:
		no = []string{all}
	}
	return yes, no
}

// notOffered are the reasons why tools of this version are not here, for people.
func (s *Snapshot) notOffered() (lines []string) {
	reasons, tools := s.Withheld()
	for i, why := range reasons {
		noun := "tools"
		if tools[i] == 1 {
			noun = "tool"
		}
		lines = append(lines, fmt.Sprintf("%d %s, because %s: %s", tools[i], noun, why.What, why.Next))
	}
	return lines
}
