// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"errors"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/tool"
)

// hooks narrow mcp-go's lists to what the caller may use, and give errors the
// code that they have.
func (s *Server) hooks() *server.Hooks {
	h := &server.Hooks{}
	h.AddAfterListTools(func(ctx context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
		x := exchangeFrom(ctx)
		hidden := names(s.o.Dispatcher.Registry().Tools(), s.o.Dispatcher.Tools(x.caller), func(t tool.Tool) string { return t.Name })
		all := len(result.Tools)
		result.Tools = slices.DeleteFunc(result.Tools, func(t mcp.Tool) bool { return hidden[t.Name] })
		s.o.Dispatcher.Listed(ctx, x.caller, x.request, len(result.Tools), all)
	})
	h.AddAfterListPrompts(func(ctx context.Context, _ any, _ *mcp.ListPromptsRequest, result *mcp.ListPromptsResult) {
		x := exchangeFrom(ctx)
		hidden := names(s.o.Dispatcher.Registry().Prompts(), s.o.Dispatcher.Prompts(x.caller), func(p tool.Prompt) string { return p.Name })
		all := len(result.Prompts)
		result.Prompts = slices.DeleteFunc(result.Prompts, func(p mcp.Prompt) bool { return hidden[p.Name] })
		s.o.Dispatcher.Listed(ctx, x.caller, x.request, len(result.Prompts), all)
	})
	h.AddAfterListResources(func(ctx context.Context, _ any, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
		x := exchangeFrom(ctx)
		hidden := s.hiddenResources(x)
		all := len(result.Resources)
		result.Resources = slices.DeleteFunc(result.Resources, func(r mcp.Resource) bool { return hidden[r.URI] })
		s.o.Dispatcher.Listed(ctx, x.caller, x.request, len(result.Resources), all)
	})
	h.AddAfterListResourceTemplates(func(ctx context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, result *mcp.ListResourceTemplatesResult) {
		x := exchangeFrom(ctx)
		hidden := s.hiddenResources(x)
		all := len(result.ResourceTemplates)
		result.ResourceTemplates = slices.DeleteFunc(result.ResourceTemplates, func(r mcp.ResourceTemplate) bool { return hidden[r.URITemplate.Raw()] })
		s.o.Dispatcher.Listed(ctx, x.caller, x.request, len(result.ResourceTemplates), all)
	})
	h.AddAfterInitialize(func(_ context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
		// The older revisions deliver list_changed on a GET stream, and
		// without sessions there is none: do not promise it.
		for _, promised := range []*bool{
			&result.Capabilities.Tools.ListChanged,
			&result.Capabilities.Prompts.ListChanged,
			&result.Capabilities.Resources.ListChanged,
		} {
			*promised = false
		}
	})
	h.AddBeforeSubscriptionsListen(func(ctx context.Context, _ any, r *mcp.SubscriptionsListenRequest) {
		exchangeFrom(ctx).accept(&r.Params.Notifications)
	})
	h.AddOnError(func(ctx context.Context, _ any, method mcp.MCPMethod, _ any, err error) {
		x := exchangeFrom(ctx)
		if x == nil {
			return // mcp-go also reports troubles of its own here
		}
		x.answer.failure = asFailure(x.m, method, err)
		if errors.Is(err, server.ErrToolNotFound) || errors.Is(err, server.ErrPromptNotFound) || errors.Is(err, server.ErrResourceNotFound) {
			// mcp-go found nothing to call, so the dispatcher was not asked.
			name := x.m.name
			if method == mcp.MethodResourcesRead {
				name = x.m.uri
			}
			s.o.Dispatcher.Refused(ctx, x.caller, x.named(name), "no such thing")
		}
	})
	return h
}

func (s *Server) hiddenResources(x *exchange) map[string]bool {
	return names(s.o.Dispatcher.Registry().Resources(), s.o.Dispatcher.Resources(x.caller), func(r tool.Resource) string { return r.URI })
}

// names returns the names that are in all and not in shown. Whatever the
// registry does not hold is none of the dispatcher's business and not hidden.
func names[T any](all, shown []T, name func(T) string) map[string]bool {
	hidden := make(map[string]bool, len(all))
	for _, v := range all {
		hidden[name(v)] = true
	}
	for _, v := range shown {
		delete(hidden, name(v))
	}
	return hidden
}
