// SPDX-License-Identifier: MIT

// Package services has the tools about Tailscale Services, names and addresses of
// the tailnet that devices serve together (https://tailscale.com/api#tag/services).
// It imports tool, grant, tailnet and, to find a device by name, the devices tools;
// errors of the API pass through with their codes.
package services

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

const (
	group = "services"
	// prefix begins the name of every Service.
	prefix = "svc:"
)

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	lookup.API
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	s := &services{api}
	return tool.Set{
		Tools:     []tool.Tool{s.list(), s.set(), s.remove(), s.approve()},
		Resources: []tool.Resource{s.listResource(), s.resource()},
	}
}

type services struct{ api API }

var kind = tool.Kind{
	ID:         "name",
	Listed:     []string{"name", "displayName", "addrs", "comment", "ports", "tags"},
	Documented: []string{"annotations"},
}

func (s *services) all(ctx context.Context) ([]tsapi.Object, error) {
	return s.api.List(ctx, tsapi.Request{Op: "listServices"}, "vipServices")
}

// get reads one Service. A change reads it first: after a wrong name nothing else is
// sent.
func (s *services) get(ctx context.Context, name string) (tsapi.Object, error) {
	return s.api.Object(ctx, tsapi.Request{Op: "getService", Params: []string{name}})
}

// complete offers whole names, also for a beginning without svc:.
func (s *services) complete(ctx context.Context, beginning string) ([]string, error) {
	found, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	beginning = strings.ToLower(beginning)
	var names []string
	for _, o := range found {
		name := o.Text("name")
		if name != "" && (strings.HasPrefix(name, beginning) || strings.HasPrefix(strings.TrimPrefix(name, prefix), beginning)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// fullName returns the name of a Service with its prefix, which people leave out.
// It becomes part of a request's address, so it has to be one label (RFC 1123
// §2.1), as Services have it.
func fullName(given string) (string, error) {
	label := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(given)), prefix)
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	}) {
		return "", tool.Invalidf("give a name such as svc:web, or find it with list_services", "this is no name of a Service: svc: and 1 to 63 letters, digits and hyphens")
	}
	return prefix + label, nil
}
