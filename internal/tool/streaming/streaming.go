// SPDX-License-Identifier: MIT

// Package streaming has the tools about where Tailscale streams the logs of the tailnet
// (https://tailscale.com/api#tag/logging). It imports tool, grant, failure and tsapi;
// errors of the API pass through with their codes.
package streaming

import (
	"context"
	"errors"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "streaming"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the group.
func Tools(api API) tool.Set {
	s := &streaming{api}
	return tool.Set{Tools: []tool.Tool{s.get(), s.set(), s.remove(), s.createExternalID(), s.validateExternalID()}}
}

type streaming struct{ api API }

// read returns where logs of that type are streamed.
func (s *streaming) read(ctx context.Context, logType string) (tsapi.Object, error) {
	o, err := s.api.Object(ctx, tsapi.Request{Op: "getLogStreamingConfiguration", Params: []string{logType}})
	var e *tsapi.Error
	if errors.As(err, &e) && e.Code == failure.NotFound {
		told := *e
		told.Next = "check the scopes of the API credential: with log_streaming:read among them, these logs are streamed nowhere"
		return o, &told
	}
	return o, err
}

// present reads the configured stream, and reports whether there is one. The API
// answers 404 for none, and also for some refusals: then the next call is refused again.
func (s *streaming) present(ctx context.Context, logType string) (o tsapi.Object, there bool, err error) {
	o, err = s.read(ctx, logType)
	if failure.CodeOf(err) == failure.NotFound {
		return tsapi.Object{}, false, nil
	}
	return o, err == nil, err
}
