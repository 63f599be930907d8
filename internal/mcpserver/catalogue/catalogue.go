// SPDX-License-Identifier: MIT

// Package catalogue shows what a registry holds in the terms of MCP: each tool, prompt
// and resource as lists show it, encoded once, with the hints that follow from its
// class.
//
// It decides nothing: whoever asks for a page has decided what is on it. It imports
// packages gate and grant for what there is, and mcp-go for how that is written; it
// does not fail.
package catalogue

import (
	"bytes"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// The members of results that hold lists: what a list is called here.
const (
	Tools     = "tools"
	Prompts   = "prompts"
	Resources = "resources"
	Templates = "resourceTemplates"
)

// Catalogue is the registry in the terms of the protocol: each thing as lists show
// it, encoded once. Which of it a caller sees is decided for each request anew.
type Catalogue struct {
	of *gate.Snapshot
	// texts are the things of each list, by the member of its result that holds them;
	// tools and prompts by name, resources and templates by URI.
	texts map[string]map[string]json.RawMessage
	// pages are those of callers, and less those of clients that ask for less than they
	// may have: these cannot push out the others, however many combinations they ask for.
	pages, less pages
	// mirrored are the tools some of whose arguments clients repeat in headers
	// (x-mcp-header of 2026-07-28), by name.
	mirrored map[string]*mcp.Tool
}

// New returns the catalogue of what is offered.
func New(offered *gate.Snapshot) *Catalogue {
	c := &Catalogue{
		of: offered, mirrored: map[string]*mcp.Tool{},
		texts: map[string]map[string]json.RawMessage{
			Tools: {}, Prompts: {}, Resources: {}, Templates: {},
		},
	}
	for _, t := range offered.Tools() {
		described := describeTool(t)
		c.texts[Tools][t.Name] = mustJSON(described)
		if bytes.Contains(described.RawInputSchema, []byte(`"x-mcp-header"`)) {
			c.mirrored[t.Name] = &described
		}
	}
	for _, p := range offered.Prompts() {
		c.texts[Prompts][p.Name] = mustJSON(describePrompt(p))
	}
	for _, r := range offered.Resources() {
		if r.Template() {
			c.texts[Templates][r.URI] = mustJSON(mcp.NewResourceTemplate(r.URI, r.Name, mcp.WithTemplateTitle(r.Title),
				mcp.WithTemplateDescription(r.Description), mcp.WithTemplateMIMEType(r.MIMEType)))
			continue
		}
		c.texts[Resources][r.URI] = mustJSON(mcp.NewResource(r.URI, r.Name, mcp.WithResourceTitle(r.Title),
			mcp.WithResourceDescription(r.Description), mcp.WithMIMEType(r.MIMEType)))
	}
	return c
}

// Of returns the snapshot of the registry that the catalogue shows.
func (c *Catalogue) Of() *gate.Snapshot { return c.of }

// Has reports whether a list has something of that name, which for resources and
// templates is their URI.
func (c *Catalogue) Has(list, name string) bool { return c.texts[list][name] != nil }

// Count returns how many there are in a list.
func (c *Catalogue) Count(list string) int { return len(c.texts[list]) }

// Page returns the end of a response, from the member of its result with that list on:
// those of the list that have these names, in their order. less says that the client asked
// for less than there is for its caller. It must not be modified.
func (c *Catalogue) Page(list string, names []string, less bool) []byte {
	if less {
		return c.less.of(list, names, c.texts[list])
	}
	return c.pages.of(list, names, c.texts[list])
}

// Mirrored returns the tool of that name if clients repeat some of its arguments in
// headers, and nil if they do not.
func (c *Catalogue) Mirrored(name string) *mcp.Tool { return c.mirrored[name] }

// describeTool writes a definition in the protocol's terms. The hints follow from the
// definition, most of them from the class.
//
// A hint is left out where its absence cannot be misread: clients take an absent hint
// for the protocol's default or for false, so what is false by both is not said, and
// what these two differ about always is. Whether a read destroys or repeats has no
// meaning in the protocol. The name for people stands in title alone: the clients of
// 2025-03-26 and before, which know it among the hints only, show the name instead.
func describeTool(t gate.Tool) mcp.Tool {
	yes := true
	hints := mcp.ToolAnnotation{OpenWorldHint: &t.Outside}
	if t.Class == grant.Read {
		hints.ReadOnlyHint = &yes
	} else {
		destructive := t.Class == grant.Destructive || t.Class == grant.Escalating && !t.Adds
		hints.DestructiveHint = &destructive
		if t.Idempotent {
			hints.IdempotentHint = &yes
		}
	}
	return mcp.Tool{
		Name:            t.Name,
		Title:           t.Title,
		Description:     t.Description,
		RawInputSchema:  t.Input,
		RawOutputSchema: t.Output,
		Annotations:     hints,
	}
}

func describePrompt(p gate.Prompt) mcp.Prompt {
	out := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
	for _, a := range p.Arguments {
		out.Arguments = append(out.Arguments, mcp.PromptArgument{Name: a.Name, Description: a.Description, Required: a.Required})
	}
	return out
}

// mustJSON encodes what is known to be JSON.
func mustJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic("encoding: " + err.Error())
	}
	return text
}
