// SPDX-License-Identifier: MIT

package tool

import (
	"context"

	"tailscale-mcp/internal/tsapi"
)

// Removal is one thing that a tool is about to remove, as it was read.
type Removal struct {
	// ID is the ID, or name, of the thing in the answer.
	ID string
	// Given is the confirmation in the arguments; Name and Effect are those of
	// [gate.Call.Confirm].
	Given        Confirmation
	Name, Effect string
	// Previous is the thing as the answer shows it, without secrets.
	Previous Object
	// Request removes it.
	Request tsapi.Request
}

// Removed is the answer of every tool that removes something.
type Removed struct {
	Deleted  string `json:"deleted" jsonschema:"the ID or name of what was removed"`
	Previous Object `json:"previous" jsonschema:"what was removed, as it was before, without secrets"`
}

// Remover sends the request that removes something.
type Remover interface {
	Do(ctx context.Context, r tsapi.Request) error
}

// NewRemoval makes a tool that removes one thing: find reads it, somebody confirms its
// removal, and one request makes it. Where find fails, nothing is sent.
func NewRemoval[In any](d Definition, api Remover, find func(ctx context.Context, call Call, in In) (Removal, error)) Tool {
	d.Idempotent = true // what is gone is not found a second time
	return New(d, func(ctx context.Context, call Call, in In) (Removed, error) {
		r, err := find(ctx, call, in)
		if err != nil {
			return Removed{}, err
		}
		if err := call.Confirm(r.Given, r.Name, r.Effect); err != nil {
			return Removed{}, err
		}
		if err := api.Do(ctx, r.Request); err != nil {
			return Removed{}, err
		}
		return Removed{Deleted: r.ID, Previous: r.Previous}, nil
	})
}
