// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// mostDeep is how deep in a message a _meta is looked for: that of a resource embedded in a
// block of content is the seventh level.
const mostDeep = 10

// WithoutOwn is a message of a server without the members of each _meta that no server
// writes. Any other message is returned as it is, to the byte.
func WithoutOwn(msg []byte) []byte {
	if !bytes.Contains(unescaped(msg), []byte(OwnPrefix)) {
		return msg // as nearly every one
	}
	less, _ := stripped(msg, mostDeep)
	return less
}

// stripped is WithoutOwn of a value, so many levels deep, and whether that is another.
func stripped(value json.RawMessage, levels int) (json.RawMessage, bool) {
	value = bytes.TrimSpace(value)
	if levels == 0 || len(value) == 0 || !bytes.Contains(unescaped(value), []byte(OwnPrefix)) {
		return value, false
	}
	changed := false
	var all any
	switch value[0] {
	case '{':
		var members map[string]json.RawMessage
		if json.Unmarshal(value, &members) != nil {
			return value, false
		}
		for name, member := range members {
			own := false
			if name == "_meta" {
				member, own = withoutMembers(member)
			}
			less, inner := stripped(member, levels-1)
			if own || inner {
				members[name], changed = less, true
			}
		}
		all = members
	case '[':
		var items []json.RawMessage
		if json.Unmarshal(value, &items) != nil {
			return value, false
		}
		for i, item := range items {
			if less, inner := stripped(item, levels-1); inner {
				items[i], changed = less, true
			}
		}
		all = items
	}
	if !changed {
		return value, false
	}
	text, err := json.Marshal(all)
	if err != nil {
		return value, false // of what was JSON before: cannot be
	}
	return text, true
}

// withoutMembers is a _meta without the members that no server writes.
func withoutMembers(meta json.RawMessage) (json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(meta, &members) != nil {
		return meta, false
	}
	before := len(members)
	for name := range members {
		if strings.HasPrefix(name, OwnPrefix) {
			delete(members, name)
		}
	}
	if len(members) == before {
		return meta, false
	}
	text, err := json.Marshal(members)
	if err != nil {
		return meta, false
	}
	return text, true
}

// unescaped is a text in which no ASCII character is hidden by an escape: nothing else is
// done to it, so that it may be no JSON any more.
func unescaped(text []byte) []byte {
	if !bytes.Contains(text, []byte(`\u`)) && !bytes.Contains(text, []byte(`\/`)) {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			plain = append(plain, text[i])
			continue
		}
		i++
		if text[i] == 'u' && i+4 < len(text) {
			if n, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 16); err == nil && n < 0x80 {
				plain = append(plain, byte(n))
				i += 4
				continue
			}
		}
		if text[i] != '/' {
			plain = append(plain, '\\')
		}
		plain = append(plain, text[i])
	}
	return plain
}
