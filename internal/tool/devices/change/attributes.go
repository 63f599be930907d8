// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

type attributesInput struct {
	Devices    []string    `json:"devices" jsonschema:"1 to 20 of them"`
	Attributes []attribute `json:"attributes" jsonschema:"1 to 20; others stay"`
	Comment    string      `json:"comment,omitempty" jsonschema:"why, for the tailnet's log"`
	tool.Confirmation
}

type attributesOutput struct {
	Previous []tool.Object `json:"previous" jsonschema:"the attributes before, in the order of the devices"`
	Now      []tool.Object `json:"now,omitempty" jsonschema:"the attributes now; absent when they could not be read"`
	Note     string        `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

// updateAttributes is the tool that changes posture attributes of devices
// (https://tailscale.com/api#tag/devices/PATCH/tailnet/{tailnet}/device-attributes).
func (c *changes) updateAttributes() tool.Tool {
	return tool.New(tool.Definition{
		Name: "update_device_attributes", Title: "Change posture attributes of devices", Group: Group, Target: "devices", Devices: true, Class: grant.Escalating,
		Operations: []string{"listTailnetDevices", "getDevice", "getDevicePostureAttributes", "setCustomDevicePostureAttributes",
			"deleteCustomDevicePostureAttributes", "batchUpdateCustomDevicePostureAttributes"},
		Example:     json.RawMessage(`{"devices":["web-1"],"attributes":[{"key":"custom:tier","text":"gold"}]}`),
		Description: "Sets or removes custom posture attributes, which conditions of the policy read.",
	}, func(ctx context.Context, call tool.Call, in attributesInput) (out attributesOutput, err error) {
		patches, err := in.patches()
		if err != nil {
			return out, err
		}
		var found []tsapi.Device
		var names, ids []string
		for _, name := range in.Devices {
			device, err := lookup.Resolve(ctx, lookup.For(call, c.api), name, false)
			if err != nil {
				return out, err
			}
			if slices.ContainsFunc(found, func(v tsapi.Device) bool { return lookup.Key(v) == lookup.Key(device) }) {
				return out, tool.Invalidf("give each device once", "%q is there twice", tool.Clip(name))
			}
			found, names, ids = append(found, device), append(names, lookup.Called(device)), append(ids, lookup.Key(device))
		}
		if err := lookup.Count(call, found); err != nil {
			return out, err
		}
		if out.Previous, err = c.attributesOf(ctx, found); err != nil {
			return attributesOutput{}, err
		}
		effect, err := in.effect(names, out.Previous)
		if err != nil {
			return attributesOutput{}, err
		}
		if err := call.Touching(ids...).Confirm(in.Confirmation, strings.Join(names, ","), effect+c.cutOff(ctx, call, found...)); err != nil {
			return attributesOutput{}, err
		}
		if err := c.api.Do(ctx, in.request(found, patches)); err != nil {
			return attributesOutput{}, err
		}
		if out.Now, err = c.attributesOf(ctx, found); err != nil {
			out.Now, out.Note = nil, "the change was made; do not repeat the call. The attributes could not be read again"
		}
		return out, nil
	})
}

// attributesOf reads the attributes of each device.
func (c *changes) attributesOf(ctx context.Context, found []tsapi.Device) (all []tool.Object, err error) {
	for _, device := range found {
		one, err := view.Beside(ctx, c.api, "getDevicePostureAttributes", device)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// request is the change: of one attribute of one device, or of more at once. Only
// the latter has room for the comment of a removal.
func (in attributesInput) request(found []tsapi.Device, patches map[string]map[string]any) tsapi.Request {
	nodes := map[string]any{}
	for _, device := range found {
		nodes[lookup.Key(device)] = patches
	}
	one := in.Attributes[0]
	r := tsapi.Request{Op: "batchUpdateCustomDevicePostureAttributes"}
	body := map[string]any{"nodes": nodes}
	switch single := len(found) == 1 && len(in.Attributes) == 1; {
	case single && !one.Remove:
		r = tsapi.Request{Op: "setCustomDevicePostureAttributes", Params: []string{lookup.Key(found[0]), one.Key}}
		body = patches[one.Key]
	case single && in.Comment == "":
		return tsapi.Request{Op: "deleteCustomDevicePostureAttributes", Params: []string{lookup.Key(found[0]), one.Key}}
	}
	if in.Comment != "" {
		body["comment"] = in.Comment
	}
	r.Body = body
	return r
}
