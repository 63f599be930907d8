// SPDX-License-Identifier: MIT

// Package unit writes the systemd units of a server behind the gateway: the socket where
// the daemon connects, the service that systemd starts for each connection, and the slice
// that holds what the server uses. Administrators change them as any unit, by
// systemctl edit.
//
// A unit can be read by everybody on the host. Nothing of command, args, env, headers
// and cwd is in one: the launcher reads them from the entry, which the service gets as a
// credential.
//
// The package asks neither systemd nor the host; it needs systemd 249.
package unit
