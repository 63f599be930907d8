// SPDX-License-Identifier: MIT

package services

import (
	"cmp"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

type listInput struct {
	Service string `json:"service,omitempty" jsonschema:"this one and its hosts: svc:web or web"`
	Device  string `json:"device,omitempty" jsonschema:"with service: is this device approved?"`
	tool.Selection
}

// listOutput has Hosts and Approval only for one Service.
type listOutput struct {
	Services []tool.Object `json:"services" jsonschema:"the Services"`
	Hosts    []tool.Object `json:"hosts,omitempty" jsonschema:"the devices that serve the one Service or ask to: nodeId, approvalLevel (not-approved, approved:auto or approved:manual) and configured"`
	NodeID   string        `json:"nodeId,omitempty" jsonschema:"the device that approval is about"`
	Approval tool.Object   `json:"approval,omitempty" jsonschema:"whether that device is approved as a host and whether the policy file did it"`
	Note     string        `json:"note,omitempty" jsonschema:"what is missing in this answer"`
}

func (s *services) list() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "list_services",
		Title:       "List Services",
		Group:       group,
		Operations:  []string{"listServices", "getService", "listServiceHosts", "listTailnetDevices", "getDevice", "getServiceDeviceApproval"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{"service":"example","device":"nWeb1CNTRL"}`),
		Fields:      kind.Fields(),
		Description: "Lists Tailscale Services, which several devices serve under one name. With service also its hosts, approved or waiting.",
		Narrow:      "name one Service or ask for fewer fields",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		if in.Service != "" {
			return s.one(ctx, in)
		}
		if in.Device != "" {
			return listOutput{}, tool.Invalidf("name the Service as well", "device is given without service")
		}
		found, err := s.all(ctx)
		if err != nil {
			return listOutput{}, err
		}
		shown, err := kind.All(in.Fields, found)
		return listOutput{Services: shown}, err
	})
}

func (s *services) one(ctx context.Context, in listInput) (listOutput, error) {
	name, err := fullName(in.Service)
	if err != nil {
		return listOutput{}, err
	}
	o, err := s.get(ctx, name)
	if err != nil {
		return listOutput{}, err
	}
	shown, err := kind.One(in.Fields, o)
	if err != nil {
		return listOutput{}, err
	}
	out := listOutput{Services: []tool.Object{shown}}
	if in.Device != "" {
		device, err := lookup.Resolve(ctx, s.api, in.Device, false)
		if err != nil {
			return listOutput{}, err
		}
		node := cmp.Or(device.NodeID, device.ID)
		approval, err := s.approval(ctx, name, node)
		if err != nil {
			return listOutput{}, err
		}
		out.NodeID, out.Approval = node, tool.Whole(approval)
	}
	hosts, err := s.api.List(ctx, tsapi.Request{Op: "listServiceHosts", Params: []string{name}}, "hosts")
	switch failure.CodeOf(err) {
	case "":
		out.Hosts = hostsOf(hosts)
		return out, err
	case failure.MissingScope, failure.PermissionDenied, failure.InvalidArgument:
		// The Service itself takes less to read. Here the API also says 400 when it
		// is not allowed, and that the name is right has been seen above.
		out.Note = "the hosts are left out: reading them takes an API credential with the scopes services and devices:core"
		return out, nil
	}
	return listOutput{}, err
}

// hostsOf names every host by nodeId: the API's document calls it stableNodeID,
// the service is said to answer nodeId.
func hostsOf(found []tsapi.Object) []tool.Object {
	hosts := make([]tool.Object, len(found))
	for i, o := range found {
		hosts[i] = tool.Whole(o)
		if id, ok := hosts[i]["stableNodeID"]; ok {
			if _, both := hosts[i]["nodeId"]; !both {
				hosts[i]["nodeId"] = id
			}
			delete(hosts[i], "stableNodeID")
		}
	}
	return hosts
}
