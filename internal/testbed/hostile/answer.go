// SPDX-License-Identifier: MIT

package hostile

import (
	"encoding/json"
	"fmt"
)

type object = map[string]any

// right is what a server that does not misbehave answers.
func (s *Server) right(q request) []byte {
	result := func(v object) []byte {
		if s.o.Modern {
			v["resultType"] = "complete"
		}
		text, _ := json.Marshal(v) // of strings
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s}`, q.ID, text)
	}
	capabilities := object{"tools": object{}, "resources": object{}}
	switch {
	case q.Method == "initialize" && !s.o.Modern:
		version := "2025-11-25"
		if q.Params.ProtocolVersion < version {
			version = q.Params.ProtocolVersion
		}
		return result(object{"protocolVersion": version, "capabilities": capabilities, "serverInfo": object{"name": "hostile", "version": "1"}})
	case q.Method == "server/discover" && s.o.Modern:
		return result(object{"supportedVersions": []string{"2026-07-28"}, "capabilities": capabilities})
	case q.Method == "ping" && !s.o.Modern:
		return result(object{})
	case q.Method == "tools/list":
		return result(object{"tools": tools()})
	case q.Method == "tools/call":
		return result(object{"content": []any{object{"type": "text", "text": string(q.Params.Arguments)}}})
	case q.Method == "resources/list":
		return result(object{"resources": []any{object{"uri": "file:///a", "name": "a"}}})
	case q.Method == "resources/read":
		return result(object{"contents": []any{object{"uri": q.Params.URI, "text": "at " + q.Params.URI}}})
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"method not found"}}`, q.ID)
}

func tools() (all []any) {
	for _, name := range append([]string{"echo"}, Faults()...) {
		all = append(all, object{"name": name, "description": "Does what its name says.", "inputSchema": object{"type": "object"}})
	}
	return all
}
