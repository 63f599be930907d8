// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
)

// Aside answers requests that no registry can, in place of this package, and returns
// nil for all others. It is there for the fixtures of the conformance suite.
type Aside func(ctx context.Context, header http.Header, message []byte) mcp.JSONRPCMessage

type exchangeKey struct{}

// context is that of the request for Aside, whose handlers Notify.
func (x *exchange) context() context.Context {
	return context.WithValue(x.work, exchangeKey{}, x)
}

// Notify sends a notification to the client whose message ctx belongs to,
// ahead of the answer. Log messages go only to who asked for them: since
// 2026-07-28 a request says so itself.
func Notify(ctx context.Context, method string, params map[string]any) error {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	if method == "notifications/message" && x.m.Modern {
		level := mcp.LoggingLevel(fmt.Sprint(params["level"])) // which may be a plain string
		if x.m.LogLevel == "" || !level.ShouldSendTo(x.m.LogLevel) {
			return nil
		}
	}
	return x.answer.Notify(method, params)
}

// asideLists are what Aside lists, in the order of changes.
func (x *exchange) asideLists() (v []string) {
	if x.s.o.Aside == nil {
		return nil
	}
	for _, method := range []mcp.MCPMethod{mcp.MethodToolsList, mcp.MethodPromptsList, mcp.MethodResourcesList} {
		list := []byte(`{"jsonrpc":"2.0","id":1,"method":"` + string(method) + `"}`)
		v = append(v, string(mustJSON(x.s.o.Aside(x.context(), nil, list))))
	}
	return v
}
