// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver/catalogue"
	"tailscale-mcp/internal/mcpserver/message"
)

// catalogue returns that of the registry as it is now.
func (s *Server) catalogue() *catalogue.Catalogue {
	offered := s.o.Dispatcher.Snapshot()
	if c := s.shown.Load(); c != nil && c.Of() == offered {
		return c
	}
	c := catalogue.New(offered)
	s.shown.Store(c)
	return c
}

func (x *exchange) listTools() ([]byte, *failure) {
	return list(x, catalogue.Tools, gate.ATool, x.dispatcher.ToolsOf, func(t gate.Tool) string { return t.Name })
}

func (x *exchange) listPrompts() ([]byte, *failure) {
	return list(x, catalogue.Prompts, gate.APrompt, x.dispatcher.PromptsOf, func(p gate.Prompt) string { return p.Name })
}

func (x *exchange) listResources() ([]byte, *failure) {
	if x.dispatcher.Snapshot().Others() {
		return x.listOthers()
	}
	return list(x, catalogue.Resources, gate.AResource, x.dispatcher.ResourcesOf, func(r gate.Resource) string { return r.URI })
}

func (x *exchange) listTemplates() ([]byte, *failure) {
	if now := x.dispatcher.Snapshot(); now.Others() {
		return x.listed(catalogue.Templates, x.dispatcher.OtherTemplates(now, x.caller))
	}
	return list(x, catalogue.Templates, gate.AResource, x.dispatcher.ResourcesOf, func(r gate.Resource) string { return r.URI })
}

// list is the response with what of one snapshot the caller is shown, which it puts on
// record. Of ours one page holds it all.
func list[T any](x *exchange, member string, kind gate.Kind, shown func(*gate.Snapshot, caller.Caller) []T, name func(T) string) ([]byte, *failure) {
	c, hides, less := x.s.catalogue(), x.hides(), x.asked.view.Narrow()
	var names []string
	for _, t := range shown(c.Of().Of(x.asked.view), x.caller) {
		switch n := name(t); {
		case !c.Has(member, n): // a resource may be in the other list of resources
		case hides(kind, n):
			less = true
		default:
			names = append(names, n)
		}
	}
	from, to, next, f := x.page(len(names))
	if f != nil {
		return nil, f
	}
	names = names[from:to]
	x.decided = true
	x.dispatcher.Listed(x.work, x.caller, x.request, len(names), c.Count(member))
	b := x.begin(len(kept), nil)
	if x.m.Modern {
		b = append(b, kept...)
	}
	b = append(b, next...)
	x.tail = [][]byte{c.Page(member, names, less)}
	return b, nil
}

// hides returns what tells which tools and prompts of a server behind the gate are withheld from
// the holder of the process that serves the client, and not from others: no list has them.
func (x *exchange) hides() func(kind gate.Kind, name string) bool {
	if b := x.s.o.Behind; b != nil && b.Hides != nil && !b.Shared {
		if hides := b.Hides(x.holder(), x.offers()); hides != nil {
			return hides
		}
	}
	return func(gate.Kind, string) bool { return false }
}

// pageSize is how many things of a server behind the gate one page has.
const pageSize = 250

// page is which of n things the request asks for, and the member of the result with the
// cursor of those that come after, if any do. Of ours all are on one page.
func (x *exchange) page(n int) (from, to int, next string, f *failure) {
	var cursor string
	if len(x.m.Cursor) > 0 && json.Unmarshal(x.m.Cursor, &cursor) != nil {
		return 0, 0, "", mistyped(x.m.Method)
	}
	if x.s.o.Behind == nil {
		if cursor != "" {
			return 0, 0, "", message.InvalidParams("there is no such cursor: %s answers in one page", x.m.Method)
		}
		return 0, n, "", nil
	}
	cursors, err := x.dispatcher.Cursor(x.caller, []string{x.s.o.Behind.Name, x.m.Method})
	if err != nil {
		return 0, 0, "", x.failed()
	}
	if cursor != "" {
		position, err := cursors.Open(cursor)
		if err != nil {
			return 0, 0, "", message.InvalidParams("%s", err.Error())
		}
		from, _ = strconv.Atoi(position) // Seal has had a number
	}
	from = min(from, n) // the list may have become shorter
	if to = min(from+pageSize, n); to < n {
		next = `"nextCursor":"` + cursors.Seal(strconv.Itoa(to)) + `",`
	}
	return from, to, next, nil
}

// checkMirrored compares the headers in which a client repeats arguments with the
// arguments.
func (x *exchange) checkMirrored() *failure {
	t := x.s.catalogue().Mirrored(x.m.Name)
	if t == nil || !x.m.Modern {
		return nil
	}
	header := func(name string) (string, bool) {
		values := x.header.Values(name)
		return strings.Join(values[:min(1, len(values))], ""), len(values) > 0
	}
	return headerFailure(mcp.ValidateParamHeadersLookup(header, t, x.m.Params))
}
