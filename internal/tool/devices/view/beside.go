// SPDX-License-Identifier: MIT

package view

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// Reader reads objects of the API; *tsapi.API is one.
type Reader interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
}

// Beside reads one of the objects that the API keeps beside the device itself, its
// routes or its attributes, by that operation.
func Beside(ctx context.Context, api Reader, op string, device tsapi.Device) (tool.Object, error) {
	o, err := api.Object(ctx, tsapi.Request{Op: op, Params: []string{lookup.Key(device)}})
	if err != nil {
		return nil, err
	}
	return tool.Kind{}.One(nil, o)
}
