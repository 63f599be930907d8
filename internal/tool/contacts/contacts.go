// SPDX-License-Identifier: MIT

// Package contacts has the tools about the tailnet's contact addresses. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package contacts

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "contacts"

type contacts struct{ api API }

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the group.
func Tools(api API) tool.Set {
	c := &contacts{api}
	return tool.Set{
		Tools: []tool.Tool{c.get(), c.set()},
		Resources: []tool.Resource{tool.JSONResource(tool.Resource{
			URI:         "tailscale://contacts",
			Name:        "contacts",
			Title:       "Contact addresses",
			Description: "The addresses that Tailscale writes to about the account, support and security, and whether each is verified.",
		}, func(ctx context.Context, _ string) (any, error) {
			o, err := c.read(ctx)
			return o.Raw(), err
		})},
	}
}

// read returns the contacts by their types.
//
// https://tailscale.com/api#tag/contacts/GET/tailnet/{tailnet}/contacts
func (c *contacts) read(ctx context.Context) (tsapi.Object, error) {
	return c.api.Object(ctx, tsapi.Request{Op: "getContacts"})
}
