// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"encoding/json"

	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/mcpserver/catalogue"
)

// raw is the response with a result as a server behind the gate wrote it. What the other
// era than the server's has besides is added or left out; all else stays as it is, to the
// byte.
func (x *exchange) raw(result json.RawMessage, missing string) []byte {
	b := x.open(make([]byte, 0, len(result)+len(x.m.ID)+len(missing)+envelope))
	var own struct {
		ResultType json.RawMessage `json:"resultType"`
	}
	newer := json.Unmarshal(result, &own) == nil && own.ResultType != nil
	switch {
	case x.m.Modern && !newer:
		inner := bytes.TrimSpace(result[1:])
		b = append(append(b, '{'), missing...)
		if len(inner) == 1 { // the end of an object without members
			b = b[:len(b)-1]
		}
		return append(append(b, inner...), '}')
	case !x.m.Modern && newer:
		result = withoutNewer(result)
	}
	return append(append(b, result...), '}')
}

// withoutNewer is a result without the members that only 2026-07-28 has.
func withoutNewer(result json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(result, &members) != nil {
		return result
	}
	for _, name := range []string{"resultType", "ttlMs", "cacheScope"} {
		delete(members, name)
	}
	return mustJSON(members)
}

// capabilities are those of a server behind the gate, as far as they are passed on.
func (b *Behind) capabilities() (has []server.ServerOption) {
	if b.Instructions != "" {
		has = append(has, server.WithInstructions(b.Instructions))
	}
	if b.Tools {
		has = append(has, server.WithToolCapabilities(true))
	}
	if b.Prompts {
		has = append(has, server.WithPromptCapabilities(true))
	}
	if b.Resources {
		has = append(has, server.WithResourceCapabilities(false, true))
	}
	return has
}

// listOthers is the response with the resources that a server behind the gate lists itself.
func (x *exchange) listOthers() ([]byte, *failure) {
	shown, err := x.dispatcher.ListOthers(x.work, x.caller, x.named(""))
	if err != nil {
		return nil, x.asFailure(err)
	}
	return x.listed(catalogue.Resources, shown)
}

// listed is the response with a list of one page.
func (x *exchange) listed(member string, items []json.RawMessage) ([]byte, *failure) {
	if f := x.checkCursor(); f != nil {
		return nil, f
	}
	if items == nil {
		items = []json.RawMessage{}
	}
	return x.with(kept, member, items)
}
