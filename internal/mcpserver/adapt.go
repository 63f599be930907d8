// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

const instructions = "Answers about a Tailscale tailnet and the node this server runs on. " +
	"What you may use is decided per caller by the grants of the tailnet policy file: when something is refused or missing, call whoami; " +
	"it names the grant that an administrator would have to add. Lists are paged: follow nextCursor, or narrow with filters and fields."

// newPeer makes the mcp-go server of one identity. It holds everything that
// the host offers: which of it the caller sees and may use is decided for each
// request anew, by the dispatcher.
func (s *Server) newPeer() http.Handler {
	options := append([]server.ServerOption{
		server.WithTitle("Tailscale"),
		server.WithIcons(serverIcon),
		server.WithInstructions(instructions),
		server.WithToolCapabilities(true),
		server.WithPromptCapabilities(true),
		server.WithResourceCapabilities(false, true),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer{s}),
		server.WithResourceCompletionProvider(completer{s}),
		server.WithHooks(s.hooks()),
	}, s.o.Extra...)
	m := server.NewMCPServer("tailscale-mcp", s.o.Version, options...)
	registry := s.o.Dispatcher.Registry()
	for _, t := range registry.Tools() {
		m.AddTool(describe(t), s.callTool)
	}
	for _, r := range registry.Resources() {
		if r.Template() {
			m.AddResourceTemplate(mcp.NewResourceTemplate(routed(r.URI), r.Name, mcp.WithTemplateTitle(r.Title),
				mcp.WithTemplateDescription(r.Description), mcp.WithTemplateMIMEType(r.MIMEType)), s.readResource)
			continue
		}
		m.AddResource(mcp.NewResource(r.URI, r.Name, mcp.WithResourceTitle(r.Title),
			mcp.WithResourceDescription(r.Description), mcp.WithMIMEType(r.MIMEType)), s.readResource)
	}
	for _, p := range registry.Prompts() {
		m.AddPrompt(describePrompt(p), s.getPrompt)
	}
	if s.o.Extend != nil {
		s.o.Extend(m)
	}
	return server.NewStreamableHTTPServer(m,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		// Host is checked in checkHost, for every address and not only loopback.
		server.WithDisableLocalhostProtection(true),
		server.WithStreamableHTTPLogger(s.o.Log),
	)
}

// routed is the template that mcp-go finds a handler by. Clients are shown the
// simple expansion, {id}, which escapes every ':' and '@' of a value (RFC 6570,
// 3.2.2); not all clients do, and people do not: svc:web is found as it is. What is
// one member of the family and what is not, the dispatcher knows.
func routed(uri string) string { return strings.Replace(uri, "{", "{+", 1) }

// describe writes a definition in the protocol's terms. All four hints follow
// from the class and are always present.
func describe(t tool.Tool) mcp.Tool {
	changes := t.Class != grant.Read
	destructive := t.Class == grant.Destructive || t.Class == grant.Escalating
	idempotent := !changes || t.Idempotent
	readOnly, openWorld := !changes, false
	return mcp.Tool{
		Name:            t.Name,
		Title:           t.Title,
		Description:     t.Description,
		RawInputSchema:  mustJSON(t.Input),
		RawOutputSchema: mustJSON(t.Output),
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

func describePrompt(p tool.Prompt) mcp.Prompt {
	out := mcp.Prompt{Name: p.Name, Title: p.Title, Description: p.Description}
	for _, a := range p.Arguments {
		out.Arguments = append(out.Arguments, mcp.PromptArgument{Name: a.Name, Description: a.Description, Required: a.Required})
	}
	return out
}

// mustJSON encodes a schema that package tool has made and checked.
func mustJSON(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic("encoding a schema: " + err.Error())
	}
	return text
}

// callTool is the handler of every tool. An error is a result that the model
// reads; it carries no structured content, which clients would hold against
// the output schema.
func (s *Server) callTool(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	x := exchangeFrom(ctx)
	request := x.named(r.Params.Name)
	if x.m.modern && x.m.asks {
		request.Answer = func(key string) tool.Answer { return answerOf(r.Params.InputResponses, key) }
	}
	out, err := s.o.Dispatcher.Call(x.work, x.caller, request)
	var told *tool.Error
	if errors.As(err, &told) && told.Ask != nil {
		return ask(*told.Ask), nil
	}
	if err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(string(out))},
		StructuredContent: out,
	}, nil
}

func (s *Server) readResource(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	x := exchangeFrom(ctx)
	text, mimeType, err := s.o.Dispatcher.Read(x.work, x.caller, x.named(r.Params.URI))
	if err != nil {
		return nil, err
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: mimeType, Text: text}}, nil
}

func (s *Server) getPrompt(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	x := exchangeFrom(ctx)
	text, err := s.o.Dispatcher.Prompt(x.work, x.caller, x.named(r.Params.Name), r.Params.Arguments)
	if err != nil {
		return nil, err
	}
	return &mcp.GetPromptResult{Messages: []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))}}, nil
}

// named is the request with the name that mcp-go has routed it by.
func (x *exchange) named(name string) tool.Request {
	r := x.request
	r.Name = name
	return r
}

// completer offers values, within what the caller may use.
type completer struct{ s *Server }

// CompletePromptArgument implements server.PromptCompletionProvider.
func (c completer) CompletePromptArgument(ctx context.Context, name string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	x := exchangeFrom(ctx)
	values, total, err := c.s.o.Dispatcher.CompletePrompt(x.work, x.caller, x.named(name), a.Name, a.Value)
	return completion(values, total), err
}

// CompleteResourceArgument implements server.ResourceCompletionProvider.
func (c completer) CompleteResourceArgument(ctx context.Context, uri string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	x := exchangeFrom(ctx)
	values, total, err := c.s.o.Dispatcher.CompleteResource(x.work, x.caller, x.named(uri), a.Value)
	return completion(values, total), err
}

func completion(values []string, total int) *mcp.Completion {
	return &mcp.Completion{Values: values, Total: total, HasMore: total > len(values)}
}
