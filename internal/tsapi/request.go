// SPDX-License-Identifier: MIT

package tsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"tailscale-mcp/internal/tsapi/object"
)

// Request is one use of an operation of the API document.
type Request struct {
	// Op is the operationId, such as "getUser".
	Op string
	// Params fill the parameters of the path in order, {tailnet} excepted. One
	// that could make another address of it is refused before anything is sent.
	Params []string
	// Query are the query parameters.
	Query url.Values
	// Body is sent as JSON; nil sends none. Raw text is sent with ContentType.
	Body any
	// ContentType is for a body that is no JSON: then Body is a string.
	ContentType string
	// Accept is what the answer should be; empty means application/json.
	Accept string
	// IfMatch is the ETag that the state must still have, quotes included.
	IfMatch string
	// Secrets are values in the body that no error may repeat, whatever the API
	// says about them.
	Secrets []string
	// Scope replaces the operation's scope where what is asked for narrows it:
	// minting an auth key takes auth_keys, not one of three.
	Scope string

	op   *operation // of that ID
	body []byte     // Body as it is sent; nil sends none
}

// Object sends r and returns the JSON object that it answers with. A read may be
// shared with others who ask for the same; a change is sent once.
func (a *API) Object(ctx context.Context, r Request) (Object, error) {
	return do(ctx, a, r, func(r *reply) (Object, error) { return object.Parse(r.body) })
}

// List sends r and returns the objects of its answer: those in the list named
// field, or those of a bare list when field is empty. A list that is null is
// empty; one that is missing, or an element that is no object, is an error.
func (a *API) List(ctx context.Context, r Request, field string) ([]Object, error) {
	list, err := do(ctx, a, r, func(r *reply) ([]Object, error) { return object.ParseList(r.body, field) })
	return slices.Clone(list), err
}

// Do sends r, whose answer means nothing but its status.
func (a *API) Do(ctx context.Context, r Request) error {
	_, err := do(ctx, a, r, func(*reply) (struct{}, error) { return struct{}{}, nil })
	return err
}

// Text sends r and returns its answer as it is, with its ETag.
func (a *API) Text(ctx context.Context, r Request) (text, etag string, err error) {
	type textWithETag struct{ text, etag string }
	v, err := do(ctx, a, r, func(r *reply) (textWithETag, error) { return textWithETag{string(r.body), r.etag}, nil })
	return v.text, v.etag, err
}

// prepare fills what is derived: the operation and the body as it is sent.
func (r *Request) prepare() error {
	r.op = operationOf(r.Op)
	if r.Scope != "" {
		narrowed := *r.op
		narrowed.scope = r.Scope
		r.op = &narrowed
	}
	switch body := r.Body.(type) {
	case nil:
	case string:
		r.body = []byte(body)
	default:
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		if err := e.Encode(body); err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
		r.body = bytes.TrimSpace(text.Bytes())
	}
	return nil
}

// key identifies requests that ask for the same.
func (r *Request) key() string {
	key := r.op.id + " " + r.Accept
	for _, p := range r.Params {
		key += " " + strconv.Quote(p)
	}
	key += "?" + r.Query.Encode()
	if r.body != nil {
		key += " " + r.ContentType + " " + string(r.body)
	}
	return key
}
