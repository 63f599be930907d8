// SPDX-License-Identifier: MIT

package known

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/visible"
)

// Mistake is a selector with the name of a server that gives nothing, and why.
type Mistake struct{ Selector, Why string }

// mostMistakes bounds those that are told of one caller's grants.
const mostMistakes = 100

// In finds them in grants.
func (k Servers) In(rules grant.Rules) []Mistake { return k.Of(rules.OfServers()) }

// Of finds them among selectors.
func (k Servers) Of(tools, resources, prompts []string) (all []Mistake) {
	for _, kind := range []struct {
		selectors []string
		why       func(string) string
	}{{tools, k.Tool}, {resources, k.Resource}, {prompts, k.Prompt}} {
		for i, selector := range kind.selectors {
			if i == 10*mostMistakes || len(all) == mostMistakes {
				break
			}
			if !grant.NamesServer(selector) {
				continue
			}
			if why := kind.why(selector); why != "" {
				all = append(all, Mistake{selector, why})
			}
		}
	}
	return all
}

// Tool says why a selector of tools with the name of a server gives nothing now, and what
// was probably meant; it is empty for one that gives something, and where that is not known.
func (k Servers) Tool(selector string) string {
	server, rest, _ := strings.Cut(selector, "/")
	if why, over := k.server(server); over {
		return why
	}
	rules := rulesOf("tools", selector)
	var names []string
	for _, t := range k.Registry.Of(server).Tools() {
		if rules.Tool(t.Granted()).Allowed {
			return ""
		}
		names = append(names, t.Name)
	}
	if s := k.find(server); s != nil {
		for _, item := range s.Pin.Tools {
			if rules.Tool(grant.Tool{Server: server, Name: item.Name, Class: item.Class}).Allowed && !slices.Contains(s.Server.Allow, item.Class) {
				return fmt.Sprintf("allow in the entry of the server %s leaves out %s, the class of its tool %s", server, item.Class, visible.Text(item.Name))
			}
		}
	}
	if !grant.IsToolName(rest) {
		return fmt.Sprintf("the server %s has no tool that %s means", server, quoted(selector))
	}
	return fmt.Sprintf("the server %s has no tool %s that is approved", server, quoted(rest)) + meant(server, rest, names)
}

// Prompt is Tool for a selector of prompts.
func (k Servers) Prompt(selector string) string {
	server, rest, _ := strings.Cut(selector, "/")
	if why, over := k.server(server); over {
		return why
	}
	rules := rulesOf("prompts", selector)
	var names []string
	for _, p := range k.Registry.Of(server).Prompts() {
		if rules.Prompt(server, p.Name).Allowed {
			return ""
		}
		names = append(names, p.Name)
	}
	if rest == "*" {
		return fmt.Sprintf("the server %s has no prompt that is approved", server)
	}
	return fmt.Sprintf("the server %s has no prompt %s that is approved", server, quoted(rest)) + meant(server, rest, names)
}

// Resource is Tool for a selector of resources. Which there are, only the server itself
// could say.
func (k Servers) Resource(selector string) string {
	server, _, _ := strings.Cut(selector, "/")
	if why, over := k.server(server); over {
		return why
	}
	if !k.Registry.Of(server).Others() {
		return fmt.Sprintf("the server %s has no resources that are approved", server)
	}
	return ""
}

// server says why nothing of a server can be granted, or that nothing is known of it.
func (k Servers) server(name string) (why string, over bool) {
	if slices.Contains(k.Registry.Servers(), name) {
		return "", false
	}
	if k.hidden(name) {
		return "", true
	}
	if s := k.find(name); s != nil {
		return fmt.Sprintf("the server %s is not served: %s", name, s.Why), true
	}
	why = fmt.Sprintf("no server %s is served here", quoted(name))
	if near := spelling.Nearest(name, k.names()); near != "" {
		why += " (did you mean " + near + "?)"
	}
	return why, true
}

func meant(server, name string, names []string) string {
	if near := spelling.Nearest(name, names); near != "" {
		return " (did you mean " + server + "/" + near + "?)"
	}
	return ""
}

// rulesOf are those of an entry with one selector.
func rulesOf(key, selector string) grant.Rules {
	entry, err := json.Marshal(map[string][]string{key: {selector}})
	if err != nil {
		return grant.Rules{}
	}
	rules, err := grant.Parse([]string{string(entry)})
	if err != nil {
		return grant.Rules{}
	}
	return rules
}

// quoted is another's text within a sentence, where it may be long.
func quoted(text string) string {
	const most = 80
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf("%+q", text)
}
