// SPDX-License-Identifier: MIT

// Package tool says what a tool is, keeps the registry of them, and is the one
// path that every call takes: decide, audit, decode, run, bound, audit.
//
// A tool is one definition: its name, class, group, description, input and the
// code. What clients see of it (schema, hints, the README's row) is derived from
// that definition. Resources and prompts are defined and decided in the same way.
//
// The package knows neither HTTP nor MCP. It imports caller, grant, audit and
// tailnet. Whatever goes wrong ends in an [*Error] with a fixed code and a next
// step; nothing is run that was not decided and recorded first.
package tool

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// DefaultTimeout bounds a call whose definition names no bound of its own.
const DefaultTimeout = 30 * time.Second

// Definition is what the author of a tool writes down.
type Definition struct {
	// Name is verb first, snake case, without a prefix: get_device_info.
	Name string
	// Title is the name for people.
	Title string
	// Group is the family that a grant can name: devices, local, policy, ….
	Group string
	// Class says what the tool can do to the tailnet. It decides who may call
	// it and, through it, the hints clients see, so the two cannot disagree.
	Class grant.Class
	// Description is written for the model: what it answers, when to use it,
	// what it costs.
	Description string
	// Narrow says how to ask for less when an answer is too large.
	Narrow string
	// Operations are the operations of the Tailscale API that the tool may use,
	// by operationId; none for a tool that this host answers. The reference and
	// the scopes that a credential needs are made from them.
	Operations []string
	// Idempotent marks a change that may be repeated without another effect.
	Idempotent bool
	// ForEveryone marks the one kind of tool that needs no grant: it tells an
	// identified caller about itself.
	ForEveryone bool
	// Timeout bounds one call; zero means DefaultTimeout. A call that changes
	// something runs to this bound even when its caller has gone.
	Timeout time.Duration
}

// Tool is a definition with its input and its code, ready for the registry.
type Tool struct {
	Definition
	// Input is the JSON Schema (2020-12) of the arguments: one plain object.
	Input *jsonschema.Schema
	// Output is the JSON Schema of the answer, or nil when it has none. It
	// requires nothing and forbids nothing, since upstream may omit and add.
	Output *jsonschema.Schema

	run func(ctx context.Context, call Call, arguments json.RawMessage) (any, error)
}

// Call is what a tool's code knows about the call besides its arguments.
type Call struct {
	// Caller is who asks. It has been decided already that it may.
	Caller caller.Caller
	// Progress reports how far a long call is; it never blocks for long and is
	// never nil. total is 0 when unknown.
	Progress func(done, total float64, message string)

	dispatcher *Dispatcher
	// request is the call as it came, for Confirm.
	request Request
}

// New makes a tool of a definition and its code. In is a struct whose fields
// carry json names, a jsonschema description and optionally the tags of
// inputSchema; Out is the struct of the answer. Both are read once, here; a
// definition that cannot be served is a programmer's error and panics.
func New[In, Out any](d Definition, run func(ctx context.Context, call Call, in In) (Out, error)) Tool {
	if err := d.check(); err != nil {
		panic("tool " + d.Name + ": " + err.Error())
	}
	input, err := inputSchema[In]()
	if err != nil {
		panic("tool " + d.Name + ": input: " + err.Error())
	}
	output, err := outputSchema[Out]()
	if err != nil {
		panic("tool " + d.Name + ": output: " + err.Error())
	}
	if d.Timeout == 0 {
		d.Timeout = DefaultTimeout
	}
	return Tool{
		Definition: d,
		Input:      input,
		Output:     output,
		run: func(ctx context.Context, call Call, arguments json.RawMessage) (any, error) {
			var in In
			if err := decode(input, arguments, &in); err != nil {
				return nil, err
			}
			return run(ctx, call, in)
		},
	}
}

// Granted is what a decision about this tool is asked with.
func (t Tool) Granted() grant.Tool {
	return grant.Tool{Name: t.Name, Group: t.Group, Class: t.Class}
}

func (d Definition) check() error {
	switch {
	case !validName(d.Name):
		return fmt.Errorf("name %q is not snake case", d.Name)
	case d.Title == "" || d.Description == "" || d.Group == "":
		return fmt.Errorf("title, description and group are required")
	case d.ForEveryone && d.Class != grant.Read:
		return fmt.Errorf("only a read can be for everyone")
	}
	_, err := grant.ParseClass(string(d.Class))
	return err
}

// validName holds our own rule, narrower than the protocol's (1-128 characters
// of A-Za-z0-9_-.): lower case letters, digits and underscores.
func validName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return true
}
