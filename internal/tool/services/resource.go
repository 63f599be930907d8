// SPDX-License-Identifier: MIT

package services

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/tool"
)

func (s *services) listResource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://services",
		Name:        "services",
		Title:       "Services",
		Description: "All Tailscale Services of the tailnet, with the fields of list_services.",
		MIMEType:    "application/json",
		Narrow:      "use list_services for one Service or fewer fields",
		Read: func(ctx context.Context, _ string) (string, error) {
			found, err := s.all(ctx)
			if err != nil {
				return "", err
			}
			shown, err := kind.All(nil, found)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(listOutput{Services: shown})
			return string(text), err
		},
	}
}

// resource is one Service, by its name.
func (s *services) resource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://service/{id}",
		Alias:       "tailscale://service",
		Name:        "service",
		Title:       "Service",
		Description: "One Tailscale Service of the tailnet with all fields, by name, with svc: in front or without; list_services shows its hosts.",
		MIMEType:    "application/json",
		Read: func(ctx context.Context, id string) (string, error) {
			name, err := fullName(id)
			if err != nil {
				return "", err
			}
			o, err := s.get(ctx, name)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(tool.Whole(o))
			return string(text), err
		},
		Complete: s.complete,
	}
}
