// SPDX-License-Identifier: MIT

package services

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type deleteInput struct {
	Service string `json:"service" jsonschema:"svc:web or web"`
	tool.Confirmation
}

func (s *services) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_service",
		Title:       "Delete a Service",
		Group:       group,
		Target:      "service",
		Operations:  []string{"getService", "deleteService"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"service":"example"}`),
		Description: "Removes a Tailscale Service with its name, addresses and approvals; one made anew gets other addresses.",
	}, s.api, func(ctx context.Context, _ tool.Call, in deleteInput) (tool.Removal, error) {
		name, err := fullName(in.Service)
		if err != nil {
			return tool.Removal{}, err
		}
		o, err := s.get(ctx, name)
		return tool.Removal{
			ID: name, Given: in.Confirmation, Name: name, Previous: tool.Whole(o),
			Effect:  "removes the Service " + name + ": its name and addresses stop working for everybody, and its hosts lose their approval",
			Request: tsapi.Request{Op: "deleteService", Params: []string{name}},
		}, err
	})
}
