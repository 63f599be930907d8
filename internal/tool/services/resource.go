// SPDX-License-Identifier: MIT

package services

import (
	"context"

	"tailscale-mcp/internal/tool"
)

func (s *services) listResource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://services",
		Name:        "services",
		Title:       "Services",
		Description: "All Tailscale Services of the tailnet, with the fields of list_services.",
		Narrow:      "use list_services for one Service or fewer fields",
	}, func(ctx context.Context, _ string) (any, error) {
		found, err := s.all(ctx)
		if err != nil {
			return nil, err
		}
		shown, err := kind.All(nil, found)
		return listOutput{Services: shown}, err
	})
}

// resource is one Service, by its name.
func (s *services) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://service/{+id}",
		Alias:       "tailscale://service",
		Example:     "svc:example",
		Name:        "service",
		Title:       "Service",
		Description: "One Tailscale Service of the tailnet with all fields, by name, with svc: in front or without; list_services shows its hosts.",
		Complete:    s.complete,
	}, func(ctx context.Context, id string) (any, error) {
		name, err := fullName(id)
		if err != nil {
			return nil, err
		}
		o, err := s.get(ctx, name)
		return tool.Whole(o), err
	})
}
