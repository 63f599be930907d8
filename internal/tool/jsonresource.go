// SPDX-License-Identifier: MIT

package tool

import (
	"bytes"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/gate"
)

// JSONResource returns the resource r whose text is the value that read returns, as
// compact JSON. id is the variable of a template, decoded, and empty for a fixed URI.
func JSONResource(r Resource, read func(ctx context.Context, id string) (any, error)) Resource {
	r.MIMEType = "application/json"
	r.Read = func(ctx context.Context, id string) (string, error) { return asJSON(read(ctx, id)) }
	return r
}

// DeviceResource is JSONResource for what keeps itself to the devices of its reader's
// grants: read and complete, which may be nil, ask the call (see [gate.Call.Covers]).
func DeviceResource(r Resource, read func(ctx context.Context, call Call, id string) (any, error),
	complete func(ctx context.Context, call Call, prefix string) ([]string, error),
) Resource {
	r.MIMEType = "application/json"
	r.narrowed = &narrowed{read, complete}
	return r
}

// Completes reports whether the resource offers values of its variable.
func (r Resource) Completes() bool {
	return r.Complete != nil || r.narrowed != nil && r.narrowed.complete != nil
}

type narrowed struct {
	read     func(ctx context.Context, call Call, id string) (any, error)
	complete func(ctx context.Context, call Call, prefix string) ([]string, error)
}

func (n *narrowed) completion() gate.Completion {
	if n.complete == nil {
		return nil
	}
	return func(ctx context.Context, call Call, prefix string) ([]string, error) {
		ctx, trace := traced(ctx, call)
		defer func() { call.Answered(trace.Status()) }()
		return n.complete(ctx, call, prefix)
	}
}

func asJSON(value any, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // it is not for a browser: ">" stays readable
	err = e.Encode(value)
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), err
}
