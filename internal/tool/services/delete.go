// SPDX-License-Identifier: MIT

package services

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type deleteInput struct {
	Service string `json:"service" jsonschema:"the Service: svc:web or web"`
	tool.Confirmation
}

type deleteOutput struct {
	Deleted tool.Object `json:"deleted" jsonschema:"the Service as it was"`
}

func (s *services) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_service",
		Title:      "Delete a Service",
		Group:      group,
		Operations: []string{"getService", "deleteService"},
		Class:      grant.Destructive,
		Description: "Removes one Tailscale Service: its name and addresses stop working for everybody, and its devices are no longer approved as hosts. " +
			"Answers with the Service as it was; one made anew gets other addresses. The argument confirm is its name with svc: in front. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in deleteInput) (deleteOutput, error) {
		name, err := fullName(in.Service)
		if err != nil {
			return deleteOutput{}, err
		}
		o, err := s.get(ctx, name)
		if err != nil {
			return deleteOutput{}, err
		}
		if err := call.Confirm(in.Confirmation, name, "removes the Service "+name+": its name and addresses stop working for everybody, and its hosts lose their approval"); err != nil {
			return deleteOutput{}, err
		}
		if err := s.api.Do(ctx, tailnet.Request{Op: "deleteService", Params: []string{name}}); err != nil {
			return deleteOutput{}, err
		}
		return deleteOutput{tool.Whole(o)}, nil
	})
}
