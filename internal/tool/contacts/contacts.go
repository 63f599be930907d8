// SPDX-License-Identifier: MIT

// Package contacts has the tools about the tailnet's contact addresses. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package contacts

import (
	"bytes"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "contacts"

type contacts struct{ api *tailnet.API }

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	c := &contacts{api}
	return tool.Set{
		Tools: []tool.Tool{c.get(), c.set()},
		Resources: []tool.Resource{{
			URI:         "tailscale://contacts",
			Name:        "contacts",
			Title:       "Contact addresses",
			Description: "The addresses that Tailscale writes to about the account, support and security, and whether each is verified.",
			MIMEType:    "application/json",
			Read: func(ctx context.Context, _ string) (string, error) {
				o, err := c.read(ctx)
				if err != nil {
					return "", err
				}
				var text bytes.Buffer
				err = json.Compact(&text, o.Raw())
				return text.String(), err
			},
		}},
	}
}

// read returns the contacts by their types.
//
// https://tailscale.com/api#tag/contacts/GET/tailnet/{tailnet}/contacts
func (c *contacts) read(ctx context.Context) (tailnet.Object, error) {
	return c.api.Object(ctx, tailnet.Request{Op: "getContacts"})
}

type getOutput struct {
	Contacts tool.Object `json:"contacts" jsonschema:"the contacts by type: account, support, security"`
}

func (c *contacts) get() tool.Tool {
	return tool.New(tool.Definition{
		Name: "get_contacts", Title: "Show the contact addresses", Group: group, Class: grant.Read,
		Operations: []string{"getContacts"},
		Description: "Shows whom Tailscale writes to about the account, support and security: email, needsVerification, and fallbackEmail, " +
			"which is written to while email is not verified. One call to the Tailscale API.",
	}, func(ctx context.Context, _ tool.Call, _ struct{}) (getOutput, error) {
		o, err := c.read(ctx)
		return getOutput{fields(o)}, err
	})
}

func fields(o tailnet.Object) tool.Object {
	out := tool.Object{}
	for name, value := range o.Fields() {
		out[name] = value
	}
	return out
}
