// SPDX-License-Identifier: MIT

package grant

import (
	"slices"
	"strings"
)

// Server names that mean something else.
var reserved = [...]string{"mcp", "healthz", "metrics", "tailscale", "group", "read", "write", "destructive", "escalating", "all"}

// IsServerName reports whether s can name a server behind the gateway: a lower case
// letter or digit, then up to 30 of these and hyphens; no name that means something else.
func IsServerName(s string) bool { return serverBlemish(s) == "" }

func serverBlemish(s string) string {
	if s == "" || len(s) > 31 || s[0] == '-' {
		return "does not begin with the name of a server"
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return "does not begin with the name of a server"
		}
	}
	if slices.Contains(reserved[:], s) {
		return "begins with " + s + "/, which no server is called"
	}
	return ""
}

// cutServer splits a selector of a tool or prompt at its first slash.
func cutServer(s string) (server, rest, why string) {
	server, rest, ok := strings.Cut(s, "/")
	if !ok {
		return "", s, ""
	}
	return server, rest, serverBlemish(server)
}

// cutResourceServer is cutServer for a resource, whose URI has slashes of its own: only
// behind its colon.
func cutResourceServer(s string) (server, rest, why string) {
	if head, _, ok := strings.Cut(s, "/"); !ok || strings.Contains(head, ":") {
		return "", s, ""
	}
	return cutServer(s)
}

// NamesServer reports whether a selector begins with the name of a server.
func NamesServer(selector string) bool {
	server, _, why := cutResourceServer(selector)
	return server != "" && why == ""
}

// Since says for people from which version on the grammar is what it is.
const Since = "prompts, devices, until, rate and selectors with a server are understood from version 0.1.0 on " +
	"(packages of 30 November 2026); an older host refuses everything to the callers of such an entry"
