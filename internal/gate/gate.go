// SPDX-License-Identifier: MIT

// Package gate is the one path to every tool, resource and prompt, wherever it comes
// from: decide, audit, run, bound, audit.
//
// What there is stands in the [Registry], in snapshots that never change and that may
// be replaced while requests are served. Listing and calling ask the same decisions
// about the same snapshot, so what is listed is what can be used.
//
// The package knows neither Tailscale nor MCP nor HTTP. It imports caller, grant,
// audit, failure, visible, cli/spelling and what is below it. Whatever goes wrong ends in a [*failure.Error] with a
// fixed code and a next step; nothing is run that was not decided and recorded first.
package gate

import (
	"context"
	"encoding/json"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// DefaultTimeout bounds a call whose tool names no bound of its own.
const DefaultTimeout = 30 * time.Second

// Tool is something to call: a value that any source can make.
type Tool struct {
	// Name is the name by which clients call it; Title is the name for people.
	Name, Title string
	// Description is written for the model.
	Description string
	// Server is the server behind the gate that the tool belongs to; empty for our own.
	Server string
	// Source is the family that a grant can name: devices, local, policy, ….
	Source string
	// Class says what the tool can do. It decides who may call it and, through it, the
	// hints that clients see, so the two cannot disagree.
	Class grant.Class
	// ClassFrom says for the audit where the class of a server's tool comes from.
	ClassFrom string
	// Input and Output are the JSON Schemas of the arguments and of the answer, as
	// clients see them; Output is nil when there is none.
	Input, Output json.RawMessage
	// Narrow says how to ask for less when an answer is too large.
	Narrow string
	// Outside marks what sends mail or data out, or asks somebody there.
	Outside bool
	// Adds marks an escalating change that takes nothing away and overwrites nothing.
	Adds bool
	// Idempotent marks a change that may be repeated without another effect.
	Idempotent bool
	// ForEveryone marks the one kind of tool that needs no grant: it tells an
	// identified caller about itself. No server's tool is.
	ForEveryone bool
	// Devices marks a tool that keeps itself to the devices of its caller's grants, by
	// [Call.Covers]. One without is not granted by an entry for some devices.
	Devices bool
	// AskPerson marks a tool of a server whose entry says that the person at the client
	// is asked before each call; no code takes the place of a person.
	AskPerson bool
	// Timeout bounds one call; zero means DefaultTimeout. A call that changes
	// something runs to this bound even when its caller has gone.
	Timeout time.Duration
	// Weight is how many of its caller's calls in flight one call counts as; zero
	// means 1.
	Weight int
	// Limit is the largest answer in bytes; zero means that of the dispatcher.
	Limit int
	// Target returns the names of what a change with these arguments touches, for the
	// audit; none stands for the source. It may be nil, and is never asked about a read.
	Target func(arguments json.RawMessage) []string
	// Call runs the tool.
	Call func(ctx context.Context, call Call, arguments json.RawMessage) (Result, error)
}

// Granted is what a decision about this tool is asked with.
func (t Tool) Granted() grant.Tool {
	return grant.Tool{Server: t.Server, Name: t.Name, Group: t.Source, Class: t.Class, Devices: t.Devices}
}

// Result is what came of a run, as it goes out.
type Result struct {
	// Content is the answer as a list of the protocol's content blocks; nil when it
	// follows from Structured.
	Content json.RawMessage
	// Structured is the answer as one JSON value.
	Structured json.RawMessage
	// Meta is what a server says beside its answer.
	Meta json.RawMessage
	// Text is the answer of a resource or a prompt that is no JSON. Such a result has
	// nothing else.
	Text string
	// IsError is set when a server's tool says that it failed.
	IsError bool
	// Less returns the same answer with less in it, when size bytes are more than limit;
	// nil when there is no such answer. Each is to be shorter than the one before.
	Less func(size, limit int) (Result, error)
	// Raw is the whole result as a server behind the gate wrote it, and goes out so. Such
	// a result has nothing else but IsError.
	Raw json.RawMessage
}

// Call is what is known about a call besides its arguments.
type Call struct {
	// Caller is who asks. It has been decided already that it may.
	Caller caller.Caller
	// Progress reports how far a long call is; it never blocks for long and is
	// never nil. total is 0 when unknown.
	Progress func(done, total float64, message string)

	dispatcher *Dispatcher
	snapshot   *Snapshot
	permit     *permit
	// request is the call as it came, for Confirm.
	request Request
	// target is what the records of the call say that it touches.
	target *string
	// status is that of the last answer of an upstream, for the record.
	status *int
	// invocation is that of the process that the server's answer is of, for the record.
	invocation *string
	// touched are the IDs of what the change touches, for Confirm.
	touched []string
	// asks counts what the server asks of the client, for the record.
	asks *asking.Count
	// confirmed records that the change was confirmed, with target; nil for a read.
	confirmed func() error
	// taken gives back what the change was confirmed with.
	taken *[]func()
}

// Client is what the client calls itself.
func (c Call) Client() (name, version string) { return c.request.ClientName, c.request.ClientVersion }

// Meta is what the client wrote into params._meta; nil or an object.
func (c Call) Meta() json.RawMessage { return c.request.Meta }

// Watched reports whether the client asked to be told of progress.
func (c Call) Watched() bool { return c.request.Progress != nil }

// Logging is which log messages a client wants to hear while it waits for an answer, and how
// it is told; zero for none (specification 2026-07-28, Logging).
type Logging struct {
	// Level is the least of those it wants.
	Level string
	// Tell takes the params of a message of any level; nil for none.
	Tell func(params json.RawMessage)
	// Hears reports whether it hears them now; nil for always.
	Hears func() bool
}

// Logging is what the client hears of the server's log messages.
func (c Call) Logging() Logging { return c.request.Logging }

// Asking is what can be asked of the client, and how; what is asked is on record.
func (c Call) Asking() asking.Client {
	client := c.request.Asking
	if !client.Can() {
		return asking.Client{Offers: client.Offers}
	}
	return asking.Client{Offers: client.Offers, Ask: c.asks.Counting(client.Ask), URLError: client.URLError}
}

// Session is the id of the session that the call is part of; empty for none.
func (c Call) Session() string { return c.request.Session }

// Newer reports whether the client speaks 2026-07-28 or later.
func (c Call) Newer() bool { return c.request.Newer }

// Touching returns the call with the IDs of what its change touches. A confirmation is for
// these and no others, where names and all that is said of them may come to mean another.
func (c Call) Touching(ids ...string) Call {
	c.touched = ids
	return c
}

// Answered notes the HTTP status that an upstream has answered the call with, for
// the record of its outcome; 0 when there was no answer.
func (c Call) Answered(status int) { *c.status = status }

// RanIn notes the invocation id of the unit whose process was asked, for the record of
// the outcome.
func (c Call) RanIn(invocation string) { *c.invocation = invocation }

// Covers reports whether the caller's grants for this are also for the device: one
// that they are not for is to be treated as if it were not there. An error says that
// they are, but have been used too often.
func (c Call) Covers(device grant.Device) (bool, error) { return c.permit.covers(device) }

// CountEach counts a change of several devices as a call for each by the rates of the
// grants. An error says that these are too many, and nothing is to be changed.
func (c Call) CountEach(devices ...grant.Device) error { return c.permit.each(devices) }

// Narrowed reports whether Covers may say no.
func (c Call) Narrowed() bool { return c.permit.terms != nil }
