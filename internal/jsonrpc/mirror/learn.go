// SPDX-License-Identifier: MIT

package mirror

import (
	"encoding/json"

	"tailscale-mcp/internal/jsonrpc"
)

// ListRequest returns a request for a page of the tools: the first if cursor is nil.
func ListRequest(id, meta, cursor []byte) []byte {
	msg := []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"method":"tools/list","params":{"_meta":`)
	msg = append(msg, meta...)
	if cursor != nil {
		msg = append(msg, `,"cursor":`...)
		msg = append(msg, cursor...)
	}
	return append(msg, `}}`...)
}

// ListMeta returns the params._meta of the call msg for a ListRequest, without the
// members that ask for notifications: nobody would read them.
func ListMeta(msg []byte) []byte {
	var meta map[string]json.RawMessage
	if err := json.Unmarshal(jsonrpc.Param(msg, "_meta"), &meta); err != nil || meta == nil {
		return []byte(`{}`)
	}
	delete(meta, "progressToken")
	delete(meta, jsonrpc.LogLevelKey)
	out, err := json.Marshal(meta)
	if err != nil { // of raw messages: cannot be
		return []byte(`{}`)
	}
	return out
}

// NextPage returns the nextCursor of an answer to tools/list, as written; nil for the
// last page.
func NextPage(answer []byte) []byte { return readToolList(answer).next }

// Learn remembers the tools in answer, which the server gave to request when its
// tools had this version. It returns the answer without the tools whose definitions are
// invalid; each of them is reported once. Both have to be messages that jsonrpc.Scan
// accepted; the memory of answer is used again.
func (t *Tools) Learn(version int, request, answer []byte, report func(tool, why string)) []byte {
	list := readToolList(answer)
	var out []int
	for i, tool := range list.tools {
		k := knownTool{size: len(tool.name)}
		m, err := headersOf(tool.schema)
		switch {
		case err != nil:
			out = append(out, i)
			k.invalid = jsonrpc.Excerpt([]byte(err.Error()))
			k.size += len(k.invalid)
		case m != nil:
			k.headers = m
			k.size += len(tool.schema)
		}
		if known := t.remember(version, tool.name, k); k.invalid != "" && !known {
			report(jsonrpc.Excerpt([]byte(tool.name)), k.invalid)
		}
	}
	if cursor := jsonrpc.Param(request, "cursor"); list.found && list.next == nil && (cursor == nil || string(cursor) == "null") {
		t.Complete(version)
	}
	return cutOut(answer, without(list.tools, out))
}
