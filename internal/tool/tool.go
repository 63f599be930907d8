// SPDX-License-Identifier: MIT

// Package tool makes what the gate serves of typed definitions: our own tools,
// resources and prompts.
//
// A tool is one definition: its name, class, group, description, input and the
// code. What clients see of it (schema, hints, its part of the reference page) is derived from
// that definition. Arguments are decoded strictly, and the code gets a struct.
//
// The package knows neither HTTP nor MCP. It imports gate, grant, failure and tailnet.
package tool

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tsapi"
)

// Call is what a tool's code knows about the call besides its arguments.
type Call = gate.Call

// Confirmation is the argument of every tool that removes, disconnects or can
// grant privilege; its input struct embeds it.
type Confirmation = gate.Confirmation

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
	// Example is the arguments of one good call, as people would make it: without
	// confirm. The page of reference shows it, and the tests over all tools make it.
	Example json.RawMessage
	// Fields are the values of the argument fields, besides all, in any order: the one
	// list of its group, such as [Kind.Fields]. Clients see them in the schema. They are
	// not what holds a call: the API may have a field that this list has not.
	Fields []string
	// Narrow says how to ask for less when an answer is too large.
	Narrow string
	// Operations are the operations of the Tailscale API that the tool may use,
	// by operationId; none for a tool that this host answers. The reference and
	// the scopes that a credential needs are made from them.
	Operations []string
	// Optional are further operations that it may use, and does without where the
	// credential may not: they are no reason to give it more scopes.
	Optional []string
	// Target is the argument that names what a change touches, for the audit: a text
	// or a list of them, or with domains.domain a member of each in a list. Of several,
	// with spaces between, the first that is given counts. It is empty when there is but
	// one such thing in a tailnet; then, and when none is given, the group is the name.
	Target string
	// Outside marks what sends mail or data out of the tailnet, or asks somebody there.
	Outside bool
	// Adds marks an escalating change that only adds, a key or a person, say: it takes
	// nothing away and overwrites nothing.
	Adds bool
	// Devices marks a tool that keeps itself to the devices of its caller's grants (see
	// [gate.Call.Covers]). One without is not granted by an entry with "devices".
	Devices bool
	// Idempotent marks a change that may be repeated without another effect.
	Idempotent bool
	// Former are arguments of earlier versions, by name, and those in whose place they
	// are still taken. Clients are not shown them.
	Former map[string]string
	// ForEveryone marks the one kind of tool that needs no grant: it tells an
	// identified caller about itself.
	ForEveryone bool
	// Timeout bounds one call; zero means [gate.DefaultTimeout]. A call that changes
	// something runs to this bound even when its caller has gone.
	Timeout time.Duration
	// Weight is how many of its caller's calls in flight one call counts as: more
	// than 1 for what holds tailscaled, a third node or the API for long; zero means 1.
	Weight int
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
	shown, err := withFields(input, d.Fields)
	if err != nil {
		panic("tool " + d.Name + ": fields: " + err.Error())
	}
	output, err := outputSchema[Out]()
	if err != nil {
		panic("tool " + d.Name + ": output: " + err.Error())
	}
	if d.Example != nil {
		var in In
		if err := decode(input, d.Example, &in); err != nil {
			panic("tool " + d.Name + ": example: " + err.Error())
		}
	}
	d.Timeout = cmp.Or(d.Timeout, gate.DefaultTimeout)
	return Tool{
		Definition: d,
		Input:      shown,
		Output:     output,
		run: func(ctx context.Context, call Call, arguments json.RawMessage) (any, error) {
			var in In
			if err := decode(input, d.current(arguments), &in); err != nil {
				return nil, err
			}
			return run(ctx, call, in)
		},
	}
}

// Granted is what a decision about this tool is asked with.
func (t Tool) Granted() grant.Tool {
	return grant.Tool{Name: t.Name, Group: t.Group, Class: t.Class, Devices: t.Devices}
}

// gate is the tool as the gate serves it.
func (t Tool) gate() gate.Tool {
	output := schemaJSON(t.Output)
	t.Output = nil // or calls would keep it, which need it no more: it is ten times its text
	return gate.Tool{
		Name: t.Name, Title: t.Title, Description: t.Description, Source: t.Group, Class: t.Class,
		Input: schemaJSON(t.Input), Output: output,
		Narrow: t.Narrow, Outside: t.Outside, Adds: t.Adds, Devices: t.Devices, Idempotent: t.Idempotent, ForEveryone: t.ForEveryone,
		Timeout: t.Timeout, Weight: t.Weight, Target: t.target,
		Call: func(ctx context.Context, call Call, arguments json.RawMessage) (gate.Result, error) {
			if t.Class != grant.Read {
				ctx = tsapi.Fresh(ctx)
			}
			ctx, trace := traced(ctx, call)
			defer func() { call.Answered(trace.Status()) }()
			out, err := t.run(ctx, call, arguments)
			if err != nil {
				return gate.Result{}, err
			}
			return answered(out)
		},
	}
}

// schemaJSON is a schema as clients see it; none is nil.
func schemaJSON(s *jsonschema.Schema) json.RawMessage {
	if s == nil {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		panic("encoding a schema: " + err.Error()) // New has checked it
	}
	return text
}

// traced has what is asked of the tailnet counted as the caller's, and noted in trace,
// for [Call.Answered].
func traced(ctx context.Context, call Call) (_ context.Context, trace *tsapi.Trace) {
	trace = &tsapi.Trace{}
	return tsapi.OnBehalf(tsapi.WithTrace(ctx, trace), call.Caller.Key()), trace
}

func (d Definition) check() error {
	switch {
	case !validName(d.Name):
		return fmt.Errorf("name %q is not snake case", d.Name)
	case d.Title == "" || d.Description == "" || d.Group == "":
		return fmt.Errorf("title, description and group are required")
	case d.ForEveryone && d.Class != grant.Read:
		return fmt.Errorf("only a read can be for everyone")
	case d.Adds && d.Class != grant.Escalating:
		return fmt.Errorf("only what escalates is told apart by whether it adds")
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
