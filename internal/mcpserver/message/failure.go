// SPDX-License-Identifier: MIT

package message

import (
	"fmt"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/front"
)

// Invalid is why a message is no request that could be served, in words as
// [fmt.Sprintf] has them.
func Invalid(format string, args ...any) *front.Failure {
	return &front.Failure{Status: http.StatusBadRequest, Code: mcp.INVALID_REQUEST, Message: fmt.Sprintf(format, args...)}
}

// InvalidParams is why the params of a request are refused, in words as [fmt.Sprintf]
// has them.
func InvalidParams(format string, args ...any) *front.Failure {
	return &front.Failure{Status: http.StatusBadRequest, Code: mcp.INVALID_PARAMS, Message: fmt.Sprintf(format, args...)}
}
