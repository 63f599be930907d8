// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	codes "tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver/message"
)

// failure is a JSON-RPC error with the HTTP status it goes out with.
type failure = front.Failure

// asFailure is how an error of the dispatcher goes out on the wire. Its HTTP status
// is for 2026-07-28.
func (x *exchange) asFailure(err error) *failure {
	var own *gate.Error
	switch {
	case !errors.As(err, &own):
		return &failure{Status: http.StatusOK, Code: mcp.INTERNAL_ERROR, Message: err.Error()}
	case own.Answer != nil:
		return x.answered(own)
	case own.Code == codes.UnknownName && x.m.Method == string(mcp.MethodResourcesRead):
		f := notFound(x.m)
		if x.asked.view.Narrow() {
			f.Message = own.Error()
		}
		return f
	}
	return ownFailure(own)
}

// answered is how an error of a server behind the gate goes out: with its code and its
// data. What does not exist has the code of the client's revision.
func (x *exchange) answered(own *gate.Error) *failure {
	if x.m.Method == string(mcp.MethodResourcesRead) && missing(own.Answer) {
		f := notFound(x.m)
		f.Message = own.Error()
		return f
	}
	f := theirFailure("", mcp.JSONRPCErrorDetails{Code: own.Answer.Code, Message: own.Error()})
	if own.Answer.Data != nil {
		f.Data = json.RawMessage(own.Answer.Data)
	}
	return f
}

// missing reports whether a server says that it has no such resource: by the code of the
// older revisions, or as 2026-07-28 does, by that of wrong params with the URI.
func missing(a *codes.Answer) bool {
	var said struct {
		URI *string `json:"uri"`
	}
	return a.Code == mcp.RESOURCE_NOT_FOUND || a.Code == mcp.INVALID_PARAMS && json.Unmarshal(a.Data, &said) == nil && said.URI != nil
}

// theirFailure is how an error of mcp-go goes out, with the status that 2026-07-28
// has for its code. A message that mcp-go could not read it refuses with the names of
// its types, as an invalid request, which a message that came so far is not; without a method
// the error is of another server.
func theirFailure(method string, e mcp.JSONRPCErrorDetails) *failure {
	f := &failure{Status: http.StatusOK, Code: e.Code, Message: e.Message, Data: e.Data}
	switch e.Code {
	case mcp.INVALID_REQUEST:
		if method != "" {
			return mistyped(method)
		}
		f.Status = http.StatusBadRequest
	case mcp.METHOD_NOT_FOUND:
		f.Status = http.StatusNotFound
	case mcp.INVALID_PARAMS, mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION, mcp.PARSE_ERROR:
		f.Status = http.StatusBadRequest
	}
	return f
}

// failed is the answer of last resort.
func (x *exchange) failed() *failure {
	return &failure{Status: http.StatusOK, Code: mcp.INTERNAL_ERROR, Message: "the server failed while answering (request " + x.request.ID + ")"}
}

// ownFailure: JSON-RPC has codes for arguments that do not fit; the rest are
// ours and use numbers outside the ranges that JSON-RPC 2.0 and MCP reserve.
// The fixed code in data is what programs should look at.
func ownFailure(e *gate.Error) *failure {
	f := &failure{Status: http.StatusOK, Code: 500, Message: e.Error(), Data: map[string]any{"code": e.Code}}
	switch e.Code {
	case codes.AccessDenied:
		f.Code = 403
	case codes.InvalidArgument, codes.UnknownName:
		f.Status, f.Code = http.StatusBadRequest, mcp.INVALID_PARAMS
	}
	return f
}

// notFound has the code of the request's revision and names the URI, as
// resources/read of 2026-07-28 asks.
func notFound(m *message.Message) *failure {
	f := &failure{
		Status: http.StatusBadRequest, Code: mcp.INVALID_PARAMS, Message: "this server has no such resource",
		Data: map[string]any{"uri": m.URI},
	}
	if !m.Modern {
		f.Code = mcp.RESOURCE_NOT_FOUND
	}
	return f
}
