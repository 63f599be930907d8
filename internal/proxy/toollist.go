// SPDX-License-Identifier: MIT

package proxy

// toolList is what one answer to tools/list holds.
type toolList struct {
	tools []listedTool
	found bool   // it holds a list
	next  []byte // nextCursor as written; nil on the last page
}

// listedTool is one tool of a list, and where it is in the answer.
type listedTool struct {
	from, to int
	name     string
	schema   []byte // inputSchema as written; nil when it has none
}

// readToolList reads msg, an answer that scan accepted.
func readToolList(msg []byte) toolList {
	var l toolList
	s := scanner{b: msg}
	s.members(func(key string) bool {
		if key != "result" {
			return s.value(elsewhere, 0)
		}
		l = toolList{} // of a repeated member the last one counts
		return s.members(func(key string) bool {
			switch key {
			case "tools":
				l.tools, l.found = nil, true
				return s.elements(func() bool {
					t := listedTool{from: s.i}
					ok := t.read(&s)
					t.to = s.i
					l.tools = append(l.tools, t)
					return ok
				})
			case "nextCursor":
				ok := s.raw(&l.next)
				if string(l.next) == "null" {
					l.next = nil
				}
				return ok
			}
			return s.value(elsewhere, 0)
		})
	})
	return l
}

func (t *listedTool) read(s *scanner) bool {
	return s.members(func(key string) bool {
		switch key {
		case "name":
			var raw []byte
			ok := s.raw(&raw)
			t.name, _ = text(raw)
			return ok
		case "inputSchema":
			return s.raw(&t.schema)
		}
		return s.value(elsewhere, 0)
	})
}

// span is part of a message.
type span struct{ from, to int }

// without are the parts of an answer with these tools to leave out so that
// those that out names, in rising order, are not in it: each with the comma
// that its neighbour no longer needs.
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

// cutOut is msg without these parts, in the memory of msg.
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
