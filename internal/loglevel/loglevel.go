// SPDX-License-Identifier: MIT

// Package loglevel has the levels of MCP's log messages, which are those of syslog (RFC 5424;
// specification, Logging).
package loglevel

import (
	"slices"
	"strings"
)

// all are the levels, the least first.
var all = []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

// Known reports whether there is such a level.
func Known(level string) bool { return slices.Contains(all, level) }

// Names are the levels for a person, the least first.
func Names() string { return strings.Join(all, ", ") }

// Heard reports whether a message of a level is heard by who asked for those of another and
// above it. Of a level that there is not, nothing is.
func Heard(level, least string) bool {
	return Known(level) && Known(least) && slices.Index(all, level) >= slices.Index(all, least)
}
