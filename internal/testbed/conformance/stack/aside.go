// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/testbed/conformance/fixtures"
)

// aside answers out of an mcp-go server that holds the fixtures, since no registry can
// hold all that the suite asks for. Requests without a fixture, and all that is not
// about one, are the product's.
func aside() mcpserver.Aside {
	hooks := &server.Hooks{}
	hooks.AddOnError(func(ctx context.Context, _ any, _ mcp.MCPMethod, _ any, err error) {
		if r, ok := ctx.Value(requestKey{}).(*request); ok {
			r.err = err
		}
	})
	m := server.NewMCPServer("tailscale-mcp", "conformance",
		server.WithToolCapabilities(true),
		server.WithPromptCapabilities(true),
		server.WithResourceCapabilities(true, true),
		server.WithLogging(),
		server.WithCompletions(),
		server.WithInputSchemaValidation(),
		server.WithHooks(hooks),
	)
	fixtures.Register(m, mcpserver.Notify)
	return func(ctx context.Context, header http.Header, message []byte) mcp.JSONRPCMessage {
		if refusal := mirrored(m, header, message); refusal != nil {
			return refusal
		}
		r := &request{}
		ctx = context.WithValue(ctx, requestKey{}, r)
		answer := m.HandleMessage(m.WithContext(ctx, r), message)
		var missing mcp.MissingRequiredClientCapabilityError
		switch failed, ok := answer.(mcp.JSONRPCError); {
		case !ok:
			return answer
		case errors.As(r.err, &missing):
			failed.Error = mcp.NewJSONRPCErrorDetails(mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, missing.Error(),
				map[string]any{"requiredCapabilities": map[string]any{missing.Capability: map[string]any{}}})
			return failed
		case failed.Error.Code == mcp.METHOD_NOT_FOUND,
			errors.Is(r.err, server.ErrToolNotFound), errors.Is(r.err, server.ErrPromptNotFound), errors.Is(r.err, server.ErrResourceNotFound):
			return nil
		default:
			return failed
		}
	}
}

// mirrored refuses a call whose headers do not repeat what its tool wants repeated
// (SEP-2243). mcp-go does it only for requests that it has read itself.
func mirrored(m *server.MCPServer, header http.Header, message []byte) mcp.JSONRPCMessage {
	var call struct {
		ID     mcp.RequestId
		Method string
		Params json.RawMessage
	}
	var name struct{ Name string }
	if !mcp.IsModernProtocol(header.Get(mcp.HeaderProtocolVersion)) || json.Unmarshal(message, &call) != nil ||
		call.Method != string(mcp.MethodToolsCall) || json.Unmarshal(call.Params, &name) != nil {
		return nil
	}
	t := m.GetTool(name.Name)
	if t == nil {
		return nil
	}
	lookUp := func(name string) (string, bool) { return header.Get(name), len(header.Values(name)) > 0 }
	if err := mcp.ValidateParamHeadersLookup(lookUp, &t.Tool, call.Params); err != nil {
		return mcp.NewJSONRPCError(call.ID, mcp.HEADER_MISMATCH, err.Error(), nil)
	}
	return nil
}

type requestKey struct{}

// request is one request to the fixtures, which mcp-go takes for a session: without
// one it sets no logging level.
type request struct {
	err   error // of the fixture
	level mcp.LoggingLevel
}

func (*request) Initialize()                                         {}
func (*request) Initialized() bool                                   { return true }
func (*request) NotificationChannel() chan<- mcp.JSONRPCNotification { return nil }
func (*request) SessionID() string                                   { return "" }
func (r *request) SetLogLevel(level mcp.LoggingLevel)                { r.level = level }
func (r *request) GetLogLevel() mcp.LoggingLevel                     { return r.level }
