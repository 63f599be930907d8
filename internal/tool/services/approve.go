// SPDX-License-Identifier: MIT

package services

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

type approveInput struct {
	Service  string `json:"service" jsonschema:"svc:web or web"`
	Device   string `json:"device" jsonschema:"name, node ID or Tailscale address"`
	Approved *bool  `json:"approved,omitempty" jsonschema:"false takes the approval back" default:"true"`
	tool.Confirmation
}

type approveOutput struct {
	Service  string      `json:"service" jsonschema:"the Service"`
	NodeID   string      `json:"nodeId" jsonschema:"the device"`
	Previous tool.Object `json:"previous" jsonschema:"the approval before"`
	Approval tool.Object `json:"approval" jsonschema:"the approval now: approved and autoApproved, which is by the policy file"`
}

func (s *services) approve() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "approve_service_host",
		Title:       "Approve a host of a Service",
		Group:       group,
		Target:      "service",
		Operations:  []string{"listTailnetDevices", "getDevice", "getServiceDeviceApproval", "updateServiceDeviceApproval"},
		Class:       grant.Escalating,
		Idempotent:  true,
		Example:     json.RawMessage(`{"service":"svc:example","device":"web-2"}`),
		Description: "Approves a device as a host of a Tailscale Service, which gets its connections, or takes that back. Who waits: list_services.",
	}, func(ctx context.Context, call tool.Call, in approveInput) (approveOutput, error) {
		name, err := fullName(in.Service)
		if err != nil {
			return approveOutput{}, err
		}
		device, err := lookup.Resolve(ctx, s.api, in.Device, false)
		if err != nil {
			return approveOutput{}, err
		}
		node := cmp.Or(device.NodeID, device.ID)
		before, err := s.approval(ctx, name, node)
		if err != nil {
			return approveOutput{}, err
		}
		approved := in.Approved == nil || *in.Approved
		if err := call.Confirm(in.Confirmation, name, effect(device, node, name, approved, before)); err != nil {
			return approveOutput{}, err
		}
		now, err := s.api.Object(ctx, tsapi.Request{
			Op: "updateServiceDeviceApproval", Params: []string{name, node}, Body: map[string]bool{"approved": approved},
		})
		if err != nil {
			return approveOutput{}, err
		}
		return approveOutput{name, node, tool.Whole(before), tool.Whole(now)}, nil
	})
}

func (s *services) approval(ctx context.Context, name, node string) (tsapi.Object, error) {
	return s.api.Object(ctx, tsapi.Request{Op: "getServiceDeviceApproval", Params: []string{name, node}})
}

// effect says what the change does, and how the device was approved before.
func effect(device tsapi.Device, node, name string, approved bool, before tsapi.Object) string {
	machine, _, _ := strings.Cut(cmp.Or(device.Name, device.Hostname), ".")
	host := "the device " + strings.TrimSpace(machine+" ("+node+")")
	was := "not approved"
	if value, _ := before.Field("approved"); string(value) == "true" {
		was = "approved"
		if auto, _ := before.Field("autoApproved"); string(auto) == "true" {
			was = "approved by the policy file"
		}
	}
	if approved {
		return "lets " + host + " serve " + name + ", so that connections to the Service can go to it; until now it was " + was
	}
	return "stops " + host + " from serving " + name + ", so that the Service ends there; until now it was " + was
}
