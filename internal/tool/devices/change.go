// SPDX-License-Identifier: MIT

package devices

import (
	"cmp"
	"context"
	"slices"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type changeInput struct {
	Device string `json:"device" jsonschema:"the device: node ID, ID, Tailscale address, hostname or MagicDNS name, such as web-1"`
	tool.Confirmation
}

type changeOutput struct {
	NodeID   string      `json:"nodeId" jsonschema:"the device that was changed"`
	Previous tool.Object `json:"previous" jsonschema:"what was changed, as it was before"`
	Now      tool.Object `json:"now,omitempty" jsonschema:"the same as it is now; absent when it could not be read"`
	Note     string      `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

// called is what a person calls the device, and confirms: the shortest name that
// means this device and no other.
func called(d tsapi.Device) string {
	if d.IsExternal {
		return cmp.Or(d.Name, key(d))
	}
	return cmp.Or(short(d.Name), key(d))
}

// cutOff continues the effect of a change that can cut devices off, when one is that
// which the caller calls from or the host of this very server. It asks for the host
// once: a tailscaled that hangs costs seconds each time.
func (d *devices) cutOff(ctx context.Context, call tool.Call, changed ...tsapi.Device) (effect string) {
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
	if among(d.host(ctx)) {
		effect += "; " + it + " is the host of this very server, which assistants may not reach any more then"
	}
	return effect
}

// change confirms a change of one device, makes it once and reads the fields
// that it concerns again.
func (d *devices) change(ctx context.Context, call tool.Call, in changeInput, device tsapi.Device, op string, body any, effect string, fields ...string) (changeOutput, error) {
	if err := call.Confirm(in.Confirmation, called(device), effect); err != nil {
		return changeOutput{}, err
	}
	if err := d.api.Do(ctx, tsapi.Request{Op: op, Params: []string{key(device)}, Body: body}); err != nil {
		return changeOutput{}, err
	}
	out := changeOutput{NodeID: key(device), Previous: project(device, fields, nil)}
	now, err := d.api.GetDevice(ctx, key(device), false)
	if err != nil {
		out.Note = "the change was made; do not repeat the call. What the device is like now could not be read"
		return out, nil //nolint:nilerr // the note says it; the change was made
	}
	out.Now = project(now, fields, nil)
	return out, nil
}
