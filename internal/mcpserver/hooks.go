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
	d := s.o.Dispatcher
	h.AddAfterListTools(func(ctx context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
		x := exchangeFrom(ctx)
		show(ctx, x, &result.Tools,
			hidden(d.Registry().Tools(), d.Tools(x.caller), func(t tool.Tool) string { return t.Name }),
			func(t mcp.Tool) string { return t.Name })
	})
	h.AddAfterListPrompts(func(ctx context.Context, _ any, _ *mcp.ListPromptsRequest, result *mcp.ListPromptsResult) {
		x := exchangeFrom(ctx)
		show(ctx, x, &result.Prompts,
			hidden(d.Registry().Prompts(), d.Prompts(x.caller), func(p tool.Prompt) string { return p.Name }),
			func(p mcp.Prompt) string { return p.Name })
	})
	h.AddAfterListResources(func(ctx context.Context, _ any, _ *mcp.ListResourcesRequest, result *mcp.ListResourcesResult) {
		x := exchangeFrom(ctx)
		show(ctx, x, &result.Resources, x.hiddenResources(), func(r mcp.Resource) string { return r.URI })
	})
	h.AddAfterListResourceTemplates(func(ctx context.Context, _ any, _ *mcp.ListResourceTemplatesRequest, result *mcp.ListResourceTemplatesResult) {
		x := exchangeFrom(ctx)
		for _, r := range d.Registry().Resources() {
			for i, listed := range result.ResourceTemplates {
				if r.Template() && listed.URITemplate.Raw() == routed(r.URI) {
					result.ResourceTemplates[i].URITemplate = mcp.NewResourceTemplate(r.URI, r.Name).URITemplate
				}
			}
		}
		show(ctx, x, &result.ResourceTemplates, x.hiddenResources(), func(r mcp.ResourceTemplate) string { return r.URITemplate.Raw() })
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

func (x *exchange) hiddenResources() map[string]bool {
	d := x.s.o.Dispatcher
	return hidden(d.Registry().Resources(), d.Resources(x.caller), func(r tool.Resource) string { return r.URI })
}

// hidden returns the names that are in all and not in shown. Whatever the
// registry does not hold is none of the dispatcher's business and not hidden.
func hidden[T any](all, shown []T, name func(T) string) map[string]bool {
	names := make(map[string]bool, len(all))
	for _, v := range all {
		names[name(v)] = true
	}
	for _, v := range shown {
		delete(names, name(v))
	}
	return names
}

// show takes what is hidden out of a list, and puts the list on record.
func show[M any](ctx context.Context, x *exchange, list *[]M, hidden map[string]bool, name func(M) string) {
	all := len(*list)
	*list = slices.DeleteFunc(*list, func(m M) bool { return hidden[name(m)] })
	x.s.o.Dispatcher.Listed(ctx, x.caller, x.request, len(*list), all)
}
