// SPDX-License-Identifier: MIT

package gate

import (
	"cmp"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/grant"
)

// touches is what a call with these arguments touches, as the caller names it; for
// a read nothing.
func (t Tool) touches(arguments json.RawMessage) string {
	if t.Class == grant.Read {
		return ""
	}
	if t.Target != nil {
		if names := recordable(t.Target(arguments)); names != "" {
			return names
		}
	}
	return cmp.Or(t.Source, t.Server)
}

// recordable are names as a record takes them. A secret in the wrong place, where a
// name belongs, is not kept, and of a URL the host alone: those of chat services are
// secrets.
func recordable(names []string) string {
	var kept []string
	for _, name := range names {
		if name = bounded(found(name)); strings.ContainsAny(name, "/?#") { // hardly any name has them
			name = host(name)
		}
		kept = append(kept, name)
	}
	return boundedTo(mostTarget, strings.Join(kept, ","))
}

// mostTarget bounds the names of what one change touches, in bytes: those of the 50
// devices that one may be about are in it whole. With escapes it is within the room that
// the audit log takes for an outcome.
const mostTarget = 4 << 10

// found is the name of something that is there, which is no secret unless it was
// named after one; of several things with commas between, each.
func found(name string) string {
	if strings.Contains(name, "tskey-") {
		all := strings.Split(name, ",")
		for i, one := range all {
			if strings.Contains(one, "tskey-") {
				all[i] = "[redacted]"
			}
		}
		name = strings.Join(all, ",")
	}
	return boundedTo(mostTarget, name)
}

// host is that of a URL, or of what was meant as one.
func host(address string) string {
	if _, rest, ok := strings.Cut(address, "//"); ok {
		address = rest
	}
	address = address[:strings.IndexAny(address+"/", "/?#")]
	return address[strings.LastIndexByte(address, '@')+1:]
}
