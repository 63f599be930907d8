// SPDX-License-Identifier: MIT

package process

import (
	"bytes"
	"encoding/json"
	"strings"
)

// WithoutOwn is a result without the members of its _meta that no server writes. Any other
// result is returned as it is, to the byte.
func WithoutOwn(result json.RawMessage) json.RawMessage {
	if !bytes.Contains(result, []byte(`"_meta"`)) && !bytes.Contains(result, []byte(`\u`)) {
		return result // as nearly every one
	}
	var members, meta map[string]json.RawMessage
	if json.Unmarshal(result, &members) != nil || json.Unmarshal(members["_meta"], &meta) != nil {
		return result
	}
	before := len(meta)
	for name := range meta {
		if strings.HasPrefix(name, OwnPrefix) {
			delete(meta, name)
		}
	}
	if len(meta) == before {
		return result
	}
	var err error
	if members["_meta"], err = json.Marshal(meta); err != nil {
		return result // of what was JSON before: cannot be
	}
	text, err := json.Marshal(members)
	if err != nil {
		return result
	}
	return text
}
