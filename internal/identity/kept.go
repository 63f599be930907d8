// SPDX-License-Identifier: MIT

package identity

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"unicode/utf8"

	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/caller"
)

const (
	// mostValues is how many bytes the values of capabilities may have that are kept of one
	// caller: they go with each of its requests to a server.
	mostValues = 64 << 10
	// mostName is how many bytes of a user's name for people are kept.
	mostName = 256
)

// kept are the values of the capabilities that Options.Keep names. One that cannot be kept
// whole is left out: of half of its values nobody could tell what is missing, and whoever
// decides by them gives less without them.
func (r *Resolver) kept(c caller.Caller, all tailcfg.PeerCapMap) (values map[string][]string) {
	if r.o.Keep == nil {
		return nil
	}
	room := mostValues
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !r.o.Keep(string(name)) {
			continue
		}
		texts, size := make([]string, 0, len(all[name])), len(name)
		valid := true
		for _, value := range all[name] {
			valid = valid && json.Valid([]byte(value))
			size += len(value)
			texts = append(texts, string(value))
		}
		if !valid || size > room {
			if !r.leftOut.add(c.Key(), string(name)) {
				continue
			}
			r.o.Log.Warn("no server is told a capability of this caller: it is no JSON, or too long with the others",
				"capability", string(name), "caller", c.String(), "bytes", size, "most", mostValues)
			continue
		}
		room -= size
		if values == nil {
			values = map[string][]string{}
		}
		values[string(name)] = texts
	}
	return values
}

// mostLeftOut bounds what is remembered of what was said.
const mostLeftOut = 1024

// leftOut is what was said to be left out, by caller and capability: a caller is asked about
// every second, and is not to fill the log.
type leftOut struct {
	mu   sync.Mutex
	said map[[2]string]bool
}

// add reports whether that is to be said.
func (l *leftOut) add(caller, capability string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.said[[2]string{caller, capability}] {
		return false
	}
	if l.said == nil || len(l.said) >= mostLeftOut {
		l.said = map[[2]string]bool{}
	}
	l.said[[2]string{caller, capability}] = true
	return true
}

// displayed is a user's name for people, as far as it can be one: it is whatever an
// identity provider has for it.
func displayed(name string) string {
	if len(name) > mostName {
		name = name[:mostName]
		for !utf8.ValidString(name) && name != "" {
			name = name[:len(name)-1]
		}
	}
	if !isPrintable(name) {
		return ""
	}
	return name
}
