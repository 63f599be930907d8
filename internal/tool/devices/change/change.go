// SPDX-License-Identifier: MIT

// Package change has the tools that change devices of the tailnet, a file each. Each
// says at first what is at stake and waits to be confirmed, but for a new name; its
// answer has what was there before.
package change

import (
	"context"
	"slices"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/tags"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

// Group is the group of the tools, by which grants name them.
const Group = "devices"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	lookup.API
	view.Reader
	tags.Policy
	SetDeviceName(ctx context.Context, id, name string) error
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the tools. host says the node ID of the host that serves them, or
// nothing when that is not known.
func Tools(api API, host func(context.Context) string) []tool.Tool {
	c := &changes{api, host}
	return []tool.Tool{c.rename(), c.setRoutes(), c.authorize(), c.setTags(), c.setKeyExpiry(), c.setIP(), c.expireKey(), c.remove(), c.updateAttributes()}
}

// changes are the tools, with what they have in common.
type changes struct {
	api  API
	host func(context.Context) string
}

// changeInput is what every tool takes that changes one device.
type changeInput struct {
	Device string `json:"device" jsonschema:"name, address or node ID"`
	tool.Confirmation
}

// changeOutput is what such a tool answers.
type changeOutput struct {
	NodeID   string      `json:"nodeId" jsonschema:"the device that was changed"`
	Previous tool.Object `json:"previous" jsonschema:"what was changed, as it was before"`
	Now      tool.Object `json:"now,omitempty" jsonschema:"the same as it is now; absent when it could not be read"`
	Note     string      `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

// cutOff continues the effect of a change that can cut devices off, when one is that
// which the caller calls from or the host of this very server. It asks for the host
// once: a tailscaled that hangs costs seconds each time.
func (c *changes) cutOff(ctx context.Context, call tool.Call, changed ...tsapi.Device) (effect string) {
	it := "it"
	if len(changed) > 1 {
		it = "one of them"
	}
	among := func(id string) bool {
		return id != "" && slices.ContainsFunc(changed, func(v tsapi.Device) bool { return v.NodeID == id })
	}
	if among(call.Caller.NodeID) {
		effect = "; " + it + " is the device that you call from, so you may lose your access to this server"
	}
	if among(c.host(ctx)) {
		effect += "; " + it + " is the host of this very server, which assistants may not reach any more then"
	}
	return effect
}

// change confirms a change of one device, makes it once and reads the fields
// that it concerns again.
func (c *changes) change(ctx context.Context, call tool.Call, in changeInput, device tsapi.Device, op string, body any, effect string, fields ...string) (changeOutput, error) {
	if err := call.Touching(lookup.Key(device)).Confirm(in.Confirmation, lookup.Called(device), effect); err != nil {
		return changeOutput{}, err
	}
	if err := c.api.Do(ctx, tsapi.Request{Op: op, Params: []string{lookup.Key(device)}, Body: body}); err != nil {
		return changeOutput{}, err
	}
	out := changeOutput{NodeID: lookup.Key(device), Previous: view.Project(device, fields, nil)}
	now, err := c.api.GetDevice(ctx, lookup.Key(device), false)
	if err != nil {
		out.Note = "the change was made; do not repeat the call. What the device is like now could not be read"
		return out, nil //nolint:nilerr // the note says it; the change was made
	}
	out.Now = view.Project(now, fields, nil)
	return out, nil
}

// unread returns the error for an answer that is not as documented, before a change that
// depends on it.
func unread(op string, err error) error {
	return &tsapi.Error{
		Code: failure.UpstreamMalformed, Op: op,
		Message: "nothing was changed: the answer of the Tailscale API cannot be read: " + err.Error(),
		Next:    "try again later, or see whether TAILSCALE_API_URL is the Tailscale API",
	}
}
