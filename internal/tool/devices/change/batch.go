// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

const (
	// mostDevices bounds one call: as many as a person reads through, and as the share
	// of a caller of the API has requests for in half a minute.
	mostDevices = 50
	// batchTimeout is enough for so many changes, one after the other, by a caller whose
	// share was used up before.
	batchTimeout = 90 * time.Second
	// batchWeight is what such a call counts as, since it holds the API for long.
	batchWeight = 4
)

// batchInput is what every tool takes that changes several devices alike.
type batchInput struct {
	Devices []string `json:"devices" jsonschema:"1 to 50, by name, address or node ID"`
	tool.Confirmation
}

// formerDevice lets the argument of earlier versions, for one device, be taken still.
var formerDevice = map[string]string{"device": "devices"}

// batch is one change of several devices.
type batch struct {
	op string
	// body is that of each request; nil sends none.
	body any
	// fields are those that the change concerns; without any the device is gone.
	fields []string
	// already reports whether a device is as it shall be.
	already func(tsapi.Device) bool
	// effect says what happens to "the device web-1" or to "3 devices", and each what
	// happens to one of several beyond that.
	effect func(these string) string
	each   func(tsapi.Device) string
	// cuts is set where the change can cut a device off.
	cuts bool
}

// What became of a device.
const (
	done      = "done"
	already   = "already"
	failed    = "failed"
	uncertain = "uncertain"
	notBegun  = "not_begun"
)

// outcome is what became of one device.
type outcome struct {
	Device   string      `json:"device" jsonschema:"its name"`
	NodeID   string      `json:"nodeId" jsonschema:"its node ID"`
	Outcome  string      `json:"outcome" jsonschema:"done; already, as it was so before; failed, and unchanged; uncertain, and perhaps changed; not_begun"`
	Previous tool.Object `json:"previous,omitempty" jsonschema:"what was changed, as it was before"`
	Now      tool.Object `json:"now,omitempty" jsonschema:"the same as it is now"`
	Code     string      `json:"code,omitempty" jsonschema:"why it failed"`
	Message  string      `json:"message,omitempty" jsonschema:"what failed"`
	Next     string      `json:"next,omitempty" jsonschema:"what to do about it"`
}

// batchOutput is what such a tool answers.
type batchOutput struct {
	Done    int       `json:"done" jsonschema:"how many devices were changed"`
	Devices []outcome `json:"devices" jsonschema:"what became of each"`
	Next    string    `json:"next,omitempty" jsonschema:"what to do when not all were changed"`
	Note    string    `json:"note,omitempty" jsonschema:"what is not certain about this answer"`
}

// find returns the devices of a call. All that the caller may not touch is not there, so
// nothing has happened when one of them is none of its.
func (c *changes) find(ctx context.Context, call tool.Call, in batchInput) ([]tsapi.Device, error) {
	if len(in.Devices) < 1 || len(in.Devices) > mostDevices {
		return nil, tool.Invalidf(fmt.Sprintf("name a device by node ID, address, hostname or MagicDNS name, 1 to %d in one call", mostDevices), "%d devices are named", len(in.Devices))
	}
	return lookup.ResolveAll(ctx, lookup.For(call, c.api), in.Devices)
}

// run confirms one change of all devices that are not as they shall be, makes it, and
// says what became of each. What stops all of it before anything was changed is its error.
func (c *changes) run(ctx context.Context, call tool.Call, in batchInput, found []tsapi.Device, b batch) (batchOutput, error) {
	out := batchOutput{Devices: make([]outcome, len(found))}
	var open []tsapi.Device
	for i, d := range found {
		out.Devices[i] = outcome{Device: lookup.Called(d), NodeID: lookup.Key(d), Outcome: already}
		if b.already == nil || !b.already(d) {
			out.Devices[i].Outcome = notBegun
			open = append(open, d)
		}
	}
	if len(open) == 0 {
		out.Note = "nothing was changed: all of it was so already"
		return out, nil
	}
	if err := lookup.Count(call, open); err != nil {
		return batchOutput{}, err
	}
	var names, ids []string
	for _, d := range open {
		names, ids = append(names, lookup.Called(d)), append(ids, lookup.Key(d))
	}
	if err := call.Touching(ids...).Confirm(in.Confirmation, strings.Join(names, ","), c.stakes(ctx, call, open, b)); err != nil {
		return batchOutput{}, err
	}
	if err := c.send(ctx, call, found, b, &out); err != nil {
		return batchOutput{}, err
	}
	call.Touched(out.touched())
	c.reread(ctx, found, b, &out)
	out.say()
	return out, nil
}

// send makes the change of each device that is open, until something fails that would
// fail for the next as well. That is its error where nothing was changed.
func (c *changes) send(ctx context.Context, call tool.Call, found []tsapi.Device, b batch, out *batchOutput) error {
	for i, d := range found {
		o := &out.Devices[i]
		if o.Outcome != notBegun {
			continue
		}
		call.Progress(float64(i), float64(len(found)), o.Device)
		err := c.politely(ctx, tsapi.Request{Op: b.op, Params: []string{lookup.Key(d)}, Body: b.body})
		if err == nil {
			o.Outcome, o.Previous = done, before(d, b)
			out.Done++
			continue
		}
		var e *tsapi.Error
		if !errors.As(err, &e) || len(found) == 1 {
			return err
		}
		general := !slices.Contains([]failure.Code{failure.InvalidArgument, failure.NotFound, failure.Conflict, failure.Unsupported}, e.Code)
		if general && out.Done == 0 && !e.OutcomeUnknown && !slices.ContainsFunc(out.Devices[:i], func(o outcome) bool { return o.Outcome == uncertain }) {
			return err
		}
		o.Outcome, o.Code, o.Message, o.Next = failed, string(e.Code), e.Message, e.Next
		if e.OutcomeUnknown {
			o.Outcome, o.Previous = uncertain, before(d, b)
		}
		if general {
			break
		}
	}
	return nil
}

// before is what the change concerns of a device, as it was.
func before(d tsapi.Device, b batch) tool.Object {
	if len(b.fields) == 0 {
		return view.Brief(d, nil)
	}
	return view.Project(d, b.fields, nil)
}

// politely sends one change. Where only the caller's own share of requests is used up,
// it waits for the next one, if that comes soon and in time for the call to say in the
// end what it did.
func (c *changes) politely(ctx context.Context, r tsapi.Request) error {
	const soon, spare = 15 * time.Second, 20 * time.Second
	for {
		if deadline, ends := ctx.Deadline(); ends && time.Until(deadline) < spare {
			return &tsapi.Error{Code: failure.Timeout, Op: r.Op, Message: "the time of the call was over before this was sent", Next: "call again for the rest"}
		}
		err := c.api.Do(ctx, r)
		var e *tsapi.Error
		if !errors.As(err, &e) || e.Code != failure.RateLimited || e.Status != 0 || e.RetryAfter <= 0 || e.RetryAfter > soon {
			return err
		}
		wait := time.NewTimer(e.RetryAfter)
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
	}
}

// reread shows what the devices that were changed are like now.
func (c *changes) reread(ctx context.Context, found []tsapi.Device, b batch, out *batchOutput) {
	if out.Done == 0 || len(b.fields) == 0 {
		return
	}
	now, err := c.again(ctx, found)
	if err != nil {
		out.Note = "the change was made; do not repeat the call. What is there now could not be read"
		return
	}
	for i := range out.Devices {
		for _, d := range now {
			if o := &out.Devices[i]; o.Outcome == done && lookup.Key(d) == o.NodeID {
				o.Now = view.Project(d, b.fields, nil)
			}
		}
	}
}

// again reads the devices once more: one alone, or several out of all.
func (c *changes) again(ctx context.Context, found []tsapi.Device) ([]tsapi.Device, error) {
	if len(found) > 1 {
		return c.api.ListDevices(ctx, tsapi.DeviceQuery{})
	}
	d, err := c.api.GetDevice(ctx, lookup.Key(found[0]), false)
	return []tsapi.Device{d}, err
}

// touched names the devices that were changed, or may have been.
func (out *batchOutput) touched() (names []string) {
	for _, o := range out.Devices {
		if o.Outcome == done || o.Outcome == uncertain {
			names = append(names, o.Device)
		}
	}
	return names
}

// say adds what to do about devices that were not changed.
func (out *batchOutput) say() {
	var rest, unclear []string
	for _, o := range out.Devices {
		switch o.Outcome {
		case failed, notBegun:
			rest = append(rest, fmt.Sprintf("%q", o.Device))
		case uncertain:
			unclear = append(unclear, fmt.Sprintf("%q", o.Device))
		}
	}
	if len(unclear) > 0 {
		out.Next = "read what is there of " + strings.Join(unclear, ", ")
	}
	if len(rest) > 0 {
		out.Next = strings.TrimPrefix(out.Next+"; when the cause is gone, call again with devices ["+strings.Join(rest, ",")+"]: what is done is not done again", "; ")
	}
}
