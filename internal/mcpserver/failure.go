// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/tool"
)

// failure is a JSON-RPC error with the HTTP status it goes out with.
type failure struct {
	status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

// refuse answers a request whose message was not read. The protocol has no
// codes for that: the status itself is used, which is outside the ranges that
// JSON-RPC 2.0 and MCP reserve.
func refuse(w http.ResponseWriter, status int, message string) {
	reject(w, nil, &failure{status: status, Code: status, Message: message})
}

// reject answers the request id with a failure. HTTP status and JSON-RPC error
// say the same, since some clients show one and some the other.
func reject(w http.ResponseWriter, id json.RawMessage, f *failure) {
	if id == nil {
		id = json.RawMessage("null")
	}
	text, err := json.Marshal(errorResponse{"2.0", id, f})
	if err != nil {
		http.Error(w, http.StatusText(f.status), f.status)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_, _ = w.Write(text)
}

// errorResponse is a JSON-RPC error response with the id as it was written.
type errorResponse struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Error   *failure        `json:"error"`
}

// invalid and invalidParams are why a message is not served.
func invalid(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, Code: mcp.INVALID_REQUEST, Message: fmt.Sprintf(format, args...)}
}

func invalidParams(format string, args ...any) *failure {
	return &failure{status: http.StatusBadRequest, Code: mcp.INVALID_PARAMS, Message: fmt.Sprintf(format, args...)}
}

func parseError(problem string) *failure {
	return &failure{status: http.StatusBadRequest, Code: mcp.PARSE_ERROR, Message: "the body cannot be read: " + problem}
}

// asFailure says how an error goes out on the wire, or nil for the form that
// mcp-go gives it. Its HTTP status is for 2026-07-28; the older revisions send
// every JSON-RPC error with 200, since their clients lose the body of another.
func asFailure(m *message, method mcp.MCPMethod, err error) *failure {
	var own *tool.Error
	var missing mcp.MissingRequiredClientCapabilityError
	var unparsable *server.UnparsableMessageError
	var cursor base64.CorruptInputError
	unknown := errors.As(err, &own) && own.Code == tool.CodeUnknown || errors.Is(err, server.ErrResourceNotFound)
	switch {
	case unknown && method == mcp.MethodResourcesRead:
		return notFound(m)
	case errors.Is(err, server.ErrToolNotFound):
		return ownFailure(tool.Unknown("tool", m.name))
	case errors.Is(err, server.ErrPromptNotFound):
		return ownFailure(tool.Unknown("prompt", m.name))
	case own != nil:
		return ownFailure(own)
	case errors.As(err, &missing):
		return &failure{
			status: http.StatusBadRequest, Code: mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, Message: missing.Error(),
			Data: map[string]any{"requiredCapabilities": map[string]any{missing.Capability: map[string]any{}}},
		}
	case errors.As(err, &cursor):
		return invalidParams("there is no such cursor: %s answers in one page", method)
	case errors.As(err, &unparsable):
		// Its text names types of mcp-go's.
		return invalidParams("params of %s: a member is not of the type that the protocol says", method)
	case errors.Is(err, mcp.ErrInvalidParams):
		return invalidParams("%v", err)
	}
	return nil
}

// ownFailure: JSON-RPC has codes for arguments that do not fit; the rest are
// ours and use numbers outside the ranges that JSON-RPC 2.0 and MCP reserve.
// The fixed code in data is what programs should look at.
func ownFailure(e *tool.Error) *failure {
	f := &failure{status: http.StatusOK, Code: 500, Message: e.Error(), Data: map[string]any{"code": e.Code}}
	switch e.Code {
	case tool.CodeAccessDenied:
		f.Code = 403
	case tool.CodeInvalidArgument, tool.CodeUnknown:
		f.status, f.Code = http.StatusBadRequest, mcp.INVALID_PARAMS
	}
	return f
}

// notFound has the code of the request's revision and names the URI, as
// resources/read of 2026-07-28 asks.
func notFound(m *message) *failure {
	f := &failure{
		status: http.StatusBadRequest, Code: mcp.INVALID_PARAMS, Message: "this server has no such resource",
		Data: map[string]any{"uri": m.uri},
	}
	if !m.modern {
		f.Code = mcp.RESOURCE_NOT_FOUND
	}
	return f
}
