// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/mcpserver/message"
)

// readVersion takes the revision that the header names. One that does not exist
// is refused with those that do, in the form of the newest: older revisions
// want status 400 and leave the body open.
func readVersion(m *message.Message, header string) *failure {
	m.Modern = m.Modern || mcp.IsModernProtocol(header)
	if m.Modern || header == "" || mcp.IsValidProtocolVersion(header) || m.Method == string(mcp.MethodInitialize) {
		return nil // checkVersion compares header and body of the newer revisions
	}
	return unsupported("this server does not speak the protocol revision in the header MCP-Protocol-Version", header)
}

func unsupported(text, version string) *failure {
	return &failure{
		Status: http.StatusBadRequest, Code: mcp.UNSUPPORTED_PROTOCOL_VERSION, Message: text,
		Data: map[string]any{"supported": mcp.ValidProtocolVersions, "requested": version},
	}
}

// checkVersion holds a message of the newer revisions to one version, in the header
// and in the body.
func (x *exchange) checkVersion() *failure {
	header, body := x.header.Get(mcp.HeaderProtocolVersion), x.m.Version
	switch {
	case !x.m.Modern:
		return nil
	case header == "":
		return mismatch(mcp.HeaderProtocolVersion + " header is required for requests carrying " + mcp.MetaKeyProtocolVersion)
	case body == "":
		return message.InvalidParams("missing or invalid _meta field %s", mcp.MetaKeyProtocolVersion)
	case header != body:
		return mismatch(mcp.HeaderProtocolVersion + " header " + header + " does not match request " + mcp.MetaKeyProtocolVersion + " " + body)
	case !mcp.IsValidProtocolVersion(body):
		return unsupported(mcp.UnsupportedProtocolVersionError{Version: body, Supported: mcp.ValidProtocolVersions}.JSONRPCError().Error.Message, body)
	}
	return nil
}

// checkRevision holds a request to what the newer revisions want of each: the
// capabilities of its client, and headers that say what the body says.
func (x *exchange) checkRevision() *failure {
	if !x.m.Modern {
		return nil
	}
	var can *mcp.ClientCapabilities
	if string(x.m.Capabilities) != "{}" && (json.Unmarshal(x.m.Capabilities, &can) != nil || can == nil) {
		return message.InvalidParams("missing or invalid _meta field %s", mcp.MetaKeyClientCapabilities)
	}
	if x.header.Get(mcp.HeaderMethod) == x.m.Method && x.sameName() {
		return nil
	}
	return headerFailure(mcp.ValidateStandardHeaders(x.header.Get, x.m.Version, mcp.MCPMethod(x.m.Method), x.m.Params))
}

// sameName reports that the name in the header, if there has to be one, is that of
// the message. It is the usual case; what is wrong in another, mcp-go says.
func (x *exchange) sameName() bool {
	if !mcp.MethodRequiresNameHeader(mcp.MCPMethod(x.m.Method)) {
		return true
	}
	name := x.m.Name
	if x.m.Method == string(mcp.MethodResourcesRead) {
		name = x.m.URI
	}
	decoded, ok := mcp.DecodeHeaderValue(x.header.Get(mcp.HeaderName))
	return ok && name != "" && decoded == name
}

func headerFailure(err error) *failure {
	var wrong mcp.HeaderMismatchError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		return mismatch(err.Error())
	}
	return message.InvalidParams("%v", err)
}

func mismatch(text string) *failure {
	return &failure{Status: http.StatusBadRequest, Code: mcp.HEADER_MISMATCH, Message: text}
}
