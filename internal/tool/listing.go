// SPDX-License-Identifier: MIT

package tool

import (
	"context"

	"tailscale-mcp/internal/tsapi"
)

// Query is how a tool reads a list, or alone the one object that the caller names.
type Query struct {
	// ID names the one object; empty reads the list.
	ID string
	// One reads the object of that ID, and All the list.
	One func(ctx context.Context, id string) (tsapi.Object, error)
	All func(ctx context.Context) ([]tsapi.Object, error)
	// Fields are those that the caller asks for; none are the usual ones.
	Fields []string
	// Paging says which page of the list is wanted.
	Paging
	// Scope is everything else that the list depends on, see [Page].
	Scope any
}

// ListOrOne returns one page of a list, or the one object that is named.
func (k Kind) ListOrOne(ctx context.Context, call Call, q Query) ([]Object, Listed, error) {
	if q.ID != "" {
		shown, err := k.alone(ctx, q)
		return shown, Listed{Total: len(shown), Returned: len(shown)}, err
	}
	found, err := q.All(ctx)
	if err != nil {
		return nil, Listed{}, err
	}
	return k.List(call, q.Paging, q.Fields, q.Scope, found)
}

// AllOrOne is ListOrOne for lists that are short by nature and have no pages.
func (k Kind) AllOrOne(ctx context.Context, q Query) ([]Object, error) {
	if q.ID != "" {
		return k.alone(ctx, q)
	}
	found, err := q.All(ctx)
	if err != nil {
		return nil, err
	}
	return k.All(q.Fields, found)
}

func (k Kind) alone(ctx context.Context, q Query) ([]Object, error) {
	o, err := q.One(ctx, q.ID)
	if err != nil {
		return nil, err
	}
	shown, err := k.One(q.Fields, o)
	if err != nil {
		return nil, err
	}
	return []Object{shown}, nil
}
