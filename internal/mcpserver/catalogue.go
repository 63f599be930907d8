// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// The members of results that hold lists.
const (
	listedTools     = "tools"
	listedPrompts   = "prompts"
	listedResources = "resources"
	listedTemplates = "resourceTemplates"
)

// catalogue is the registry in the terms of the protocol: each thing as lists show
// it, encoded once. Which of it a caller sees is decided for each request anew.
type catalogue struct {
	of *gate.Snapshot
	// texts are the things of each list, by the member of its result that holds them;
	// tools and prompts by name, resources and templates by URI.
	texts map[string]map[string]json.RawMessage
	pages pages
	// mirrored are the tools some of whose arguments clients repeat in headers
	// (x-mcp-header of 2026-07-28), by name.
	mirrored map[string]*mcp.Tool
}

// catalogue returns that of the registry as it is now.
func (s *Server) catalogue() *catalogue {
	offered := s.o.Dispatcher.Snapshot()
	if c := s.shown.Load(); c != nil && c.of == offered {
		return c
	}
	c := newCatalogue(offered)
	s.shown.Store(c)
	return c
}

func newCatalogue(offered *gate.Snapshot) *catalogue {
	c := &catalogue{
		of: offered, mirrored: map[string]*mcp.Tool{},
		texts: map[string]map[string]json.RawMessage{
			listedTools: {}, listedPrompts: {}, listedResources: {}, listedTemplates: {},
		},
	}
	for _, t := range offered.Tools() {
		described := describeTool(t)
		c.texts[listedTools][t.Name] = mustJSON(described)
		if bytes.Contains(described.RawInputSchema, []byte(`"x-mcp-header"`)) {
			c.mirrored[t.Name] = &described
		}
	}
	for _, p := range offered.Prompts() {
		c.texts[listedPrompts][p.Name] = mustJSON(describePrompt(p))
	}
	for _, r := range offered.Resources() {
		if r.Template() {
			c.texts[listedTemplates][r.URI] = mustJSON(mcp.NewResourceTemplate(r.URI, r.Name, mcp.WithTemplateTitle(r.Title),
				mcp.WithTemplateDescription(r.Description), mcp.WithTemplateMIMEType(r.MIMEType)))
			continue
		}
		c.texts[listedResources][r.URI] = mustJSON(mcp.NewResource(r.URI, r.Name, mcp.WithResourceTitle(r.Title),
			mcp.WithResourceDescription(r.Description), mcp.WithMIMEType(r.MIMEType)))
	}
	return c
}

// describeTool writes a definition in the protocol's terms. The hints follow from the
// definition, most of them from the class, and are always present.
func describeTool(t gate.Tool) mcp.Tool {
	changes := t.Class != grant.Read
	destructive := t.Class == grant.Destructive || t.Class == grant.Escalating
	idempotent := !changes || t.Idempotent
	readOnly, openWorld := !changes, t.Outside
	return mcp.Tool{
		Name:            t.Name,
		Title:           t.Title,
		Description:     t.Description,
		RawInputSchema:  t.Input,
		RawOutputSchema: t.Output,
		Annotations: mcp.ToolAnnotation{
			Title:           t.Title,
			ReadOnlyHint:    &readOnly,
			DestructiveHint: &destructive,
			IdempotentHint:  &idempotent,
			OpenWorldHint:   &openWorld,
		},
		Icons: []mcp.Icon{icons[t.Class]},
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

func (x *exchange) listTools() ([]byte, *failure) {
	return list(x, listedTools, x.s.o.Dispatcher.ToolsOf, func(t gate.Tool) string { return t.Name })
}

func (x *exchange) listPrompts() ([]byte, *failure) {
	return list(x, listedPrompts, x.s.o.Dispatcher.PromptsOf, func(p gate.Prompt) string { return p.Name })
}

func (x *exchange) listResources() ([]byte, *failure) {
	return list(x, listedResources, x.s.o.Dispatcher.ResourcesOf, func(r gate.Resource) string { return r.URI })
}

func (x *exchange) listTemplates() ([]byte, *failure) {
	return list(x, listedTemplates, x.s.o.Dispatcher.ResourcesOf, func(r gate.Resource) string { return r.URI })
}

// list is the response with what of one snapshot the caller is shown, which it puts on
// record. One page holds it all, so there is no cursor to go on with.
func list[T any](x *exchange, member string, shown func(*gate.Snapshot, caller.Caller) []T, name func(T) string) ([]byte, *failure) {
	if f := x.checkCursor(); f != nil {
		return nil, f
	}
	c := x.s.catalogue()
	all := c.texts[member]
	var names []string
	for _, t := range shown(c.of, x.caller) {
		if n := name(t); all[n] != nil { // a resource may be in the other list of resources
			names = append(names, n)
		}
	}
	x.decided = true
	x.s.o.Dispatcher.Listed(x.work, x.caller, x.request, len(names), len(all))
	b := x.begin(len(kept), nil)
	if x.m.modern {
		b = append(b, kept...)
	}
	x.tail = c.pages.of(member, names, all)
	return b, nil
}

func (x *exchange) checkCursor() *failure {
	var cursor string
	if len(x.m.cursor) > 0 && json.Unmarshal(x.m.cursor, &cursor) != nil {
		return mistyped(x.m.method)
	}
	if cursor != "" {
		return invalidParams("there is no such cursor: %s answers in one page", x.m.method)
	}
	return nil
}

// checkMirrored compares the headers in which a client repeats arguments with the
// arguments.
func (x *exchange) checkMirrored() *failure {
	t := x.s.catalogue().mirrored[x.m.name]
	if t == nil || !x.m.modern {
		return nil
	}
	header := func(name string) (string, bool) {
		values := x.header.Values(name)
		return strings.Join(values[:min(1, len(values))], ""), len(values) > 0
	}
	return headerFailure(mcp.ValidateParamHeadersLookup(header, t, x.m.params))
}
