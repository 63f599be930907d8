// SPDX-License-Identifier: MIT

// Package config turns the environment and systemd's credentials into one
// validated value. It is the only reader of the program's own variables (those of
// the service manager, packages service and listen leave to go-systemd, and those
// of an HTTP proxy, package tsapi to net/http); the rest of the program is handed
// a [Config] and never asks again.
//
// Every variable is a field of one of the two structs in variables.go: its name,
// default and description live in the field's tags, and the shipped
// /etc/tailscale-mcp.env, its manual page and the table of packaging/doc/configuration.md are written from
// them (see [Reference], [EnvFile] and [ManPage]).
//
// Imports: the standard library, envconfig, and the leaf package grant.
//
// Failure: whatever is wrong stops the start. [Load] reports all of it at once,
// as an [*Error] that names the variable, shows its value unless that may be a
// secret, and says what to write instead. Unknown TAILSCALE_MCP_* names are
// wrong too: they are typing errors of somebody who believes to have restricted
// something. Secrets appear in no error and in no printed form of a [Config].
package config
