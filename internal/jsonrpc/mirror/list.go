// SPDX-License-Identifier: MIT

package mirror

import "tailscale-mcp/internal/jsonrpc"

// toolList is the result of one answer to tools/list.
type toolList struct {
	tools []listedTool
	found bool   // it holds a list
	next  []byte // nextCursor as written; nil on the last page
}

// listedTool is one tool of a list, with its offsets in the answer.
type listedTool struct {
	from, to int
	name     string
	schema   []byte // inputSchema as written; nil when it has none
}

// readToolList reads msg, an answer that jsonrpc.Scan accepted.
func readToolList(msg []byte) toolList {
	var l toolList
	s := jsonrpc.NewScanner(msg)
	s.Members(func(key string) bool {
		if key != "result" {
			return s.Skip()
		}
		l = toolList{} // of a repeated member the last one counts
		return s.Members(func(key string) bool {
			switch key {
			case "tools":
				l.tools, l.found = nil, true
				return s.Elements(func() bool {
					t := listedTool{from: s.Pos()}
					ok := t.read(s)
					t.to = s.Pos()
					l.tools = append(l.tools, t)
					return ok
				})
			case "nextCursor":
				ok := s.Raw(&l.next)
				if string(l.next) == "null" {
					l.next = nil
				}
				return ok
			}
			return s.Skip()
		})
	})
	return l
}

func (t *listedTool) read(s *jsonrpc.Scanner) bool {
	return s.Members(func(key string) bool {
		switch key {
		case "name":
			var raw []byte
			ok := s.Raw(&raw)
			t.name, _ = jsonrpc.Text(raw)
			return ok
		case "inputSchema":
			return s.Raw(&t.schema)
		}
		return s.Skip()
	})
}

// span is a part of a message, by offsets.
type span struct{ from, to int }

// without returns the parts of an answer to cut so that the tools at the indexes in
// out, in rising order, are gone: each part with the comma that is no longer needed.
func without(tools []listedTool, out []int) []span {
	var parts []span
	kept := false // a tool before it stays
	last := -1
	for _, i := range out {
		kept = kept || i > last+1
		last = i
		switch {
		case kept:
			parts = append(parts, span{tools[i-1].to, tools[i].to})
		case i+1 < len(tools):
			parts = append(parts, span{tools[i].from, tools[i+1].from})
		default:
			parts = append(parts, span{tools[i].from, tools[i].to})
		}
	}
	return parts
}

// cutOut removes the parts from msg, in place.
func cutOut(msg []byte, parts []span) []byte {
	if len(parts) == 0 {
		return msg
	}
	rest := msg[:parts[0].from]
	for i, p := range parts {
		end := len(msg)
		if i+1 < len(parts) {
			end = parts[i+1].from
		}
		rest = append(rest, msg[p.to:end]...)
	}
	return rest
}
