// SPDX-License-Identifier: MIT

package mirror

import (
	"net/http"

	"tailscale-mcp/internal/jsonrpc"
)

// Header names in the form net/http keeps them in.
const (
	HeaderVersion = "Mcp-Protocol-Version"
	HeaderMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"
)

// SetRequest sets the headers that revision 2026-07-28 mirrors from the body of every
// POST (Streamable HTTP, "Request Metadata"): the protocol version, the method, and the
// name of the tool, prompt or resource. version is used for a message that names none.
func SetRequest(h http.Header, e *jsonrpc.Envelope, version string) {
	if e.Version != "" {
		version = e.Version
	}
	if version != "" {
		h[HeaderVersion] = []string{Value(version)}
	}
	if e.HasMethod {
		h[HeaderMethod] = []string{Value(e.Method)}
	}
	switch e.Method {
	case "tools/call", "prompts/get":
		if e.HasName {
			h[headerName] = []string{Value(e.Name)}
		}
	case "resources/read":
		if e.HasURI {
			h[headerName] = []string{Value(e.URI)}
		}
	}
}
