// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/tsapi"
)

// services reads the Services, and which devices serve them: one call for each.
//
// https://tailscale.com/api#tag/services
func (s *Survey) services(ctx context.Context, byID map[string]int) error {
	s.calls++
	list, err := s.api.List(ctx, tsapi.Request{Op: "listServices"}, "vipServices")
	if err != nil {
		if !unreadable(err) {
			return err
		}
		s.misses("the Services", err)
		return nil
	}
	hosts, unasked := true, 0
	for _, o := range list {
		service, err := serviceOf(o)
		if err != nil {
			return err
		}
		s.Tailnet.Services = append(s.Tailnet.Services, service)
		switch {
		case !hosts:
		case s.calls >= MostCalls:
			unasked++
		default:
			hosts, err = s.hosts(ctx, service.Name, byID)
			if err != nil {
				return err
			}
		}
	}
	if unasked > 0 {
		s.misses(fmt.Sprintf("which devices serve %d more Services", unasked), nil)
	}
	return nil
}

// hosts notes which devices serve a Service. It reports false where that may not be read.
func (s *Survey) hosts(ctx context.Context, name string, byID map[string]int) (bool, error) {
	s.calls++
	list, err := detailOf(ctx, s.details, "service "+name, func(ctx context.Context) ([]tsapi.Object, error) {
		return s.api.List(ctx, tsapi.Request{Op: "listServiceHosts", Params: []string{name}}, "hosts")
	})
	if errors.Is(err, errSpent) {
		s.misses("which devices serve the Services", err)
		return false, nil
	}
	if err != nil {
		if !unreadable(err) {
			return false, err
		}
		s.misses("which devices serve the Services", err)
		return false, nil
	}
	for _, o := range list {
		id := o.Text("stableNodeID")
		if id == "" {
			id = o.Text("nodeId") // as the live API is said to call it
		}
		level := o.Text("approvalLevel")
		if i, ok := byID[id]; ok && (level == "approved:auto" || level == "approved:manual") {
			s.Tailnet.Devices[i].Services = append(s.Tailnet.Devices[i].Services, name)
		}
	}
	return true, nil
}

func serviceOf(o tsapi.Object) (tailnet.Service, error) {
	var fields struct {
		Name               string
		Addrs, Ports, Tags []string
	}
	if err := json.Unmarshal(o.Raw(), &fields); err != nil {
		return tailnet.Service{}, malformed("listServices", "a Service cannot be read")
	}
	out := tailnet.Service{Name: fields.Name, Ports: fields.Ports, Tags: fields.Tags}
	for _, text := range fields.Addrs {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return out, malformed("listServices", fmt.Sprintf("the address %.60q of the Service %.60q cannot be read", text, fields.Name))
		}
		out.Addrs = append(out.Addrs, addr)
	}
	return out, nil
}

func malformed(op, what string) error {
	return &tsapi.Error{
		Code: failure.UpstreamMalformed, Op: op, Message: what,
		Next: "try again; if it stays so, report it with this message",
	}
}
