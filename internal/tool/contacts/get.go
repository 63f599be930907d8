// SPDX-License-Identifier: MIT

package contacts

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type getOutput struct {
	Contacts tool.Object `json:"contacts" jsonschema:"the contacts by type: account, support, security"`
}

func (c *contacts) get() tool.Tool {
	return tool.New(tool.Definition{
		Name: "get_contacts", Title: "Show the contact addresses", Group: group, Class: grant.Read,
		Operations:  []string{"getContacts"},
		Example:     json.RawMessage(`{}`),
		Description: "Shows whom Tailscale writes to about account, support and security, and whether each address is verified.",
	}, func(ctx context.Context, _ tool.Call, _ struct{}) (getOutput, error) {
		o, err := c.read(ctx)
		return getOutput{tool.Whole(o)}, err
	})
}
