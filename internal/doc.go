// SPDX-License-Identifier: MIT

// Package internal is the map of this program; it holds no code.
//
// # The way of a request
//
// One way in, one way out. A request passes the stages in this order, and each
// stage is a package that can be read alone:
//
//	listen → identity → mcpserver → tool (grant, audit) → tailnet → result → audit
//
// The packages:
//
//   - config: environment and systemd credentials → one validated value.
//   - service: the service manager: ready, status, stopping, watchdog.
//   - listen: inherited sockets or self-bound Tailscale addresses; follows address
//     changes; checks the local address of every connection.
//   - identity: remote address → caller, by tailscaled's WhoIs; keeps an answer for a
//     second at most.
//   - mcpserver: the only package of the daemon that knows HTTP and MCP: the checks in
//     the order a request meets them, then one mcp-go server per identity.
//   - tool: what a tool is, the registry, and the one path that every call takes:
//     decide, audit, decode, run, bound, audit.
//   - tool/GROUP: the tools themselves, a file each; tool/catalog lists the groups.
//   - grant: capability entries → decisions; pure, no I/O, fuzzed.
//   - audit: one record per decision and one per outcome; journal or JSON lines.
//   - tailnet: Tailscale's two faces, the LocalAPI and the control API: retries, limits
//     and errors with fixed codes.
//   - caller: who asks; a leaf that all stages share.
//   - version: which version of the program this is; a leaf.
//   - proxy: the stdio ↔ Streamable HTTP relay, a program of its own.
//   - install: enters that program in the configuration of MCP clients; clients.go is
//     the table of what each needs.
//   - completion: the completions of both programs for bash, zsh and fish.
//   - clitest: for their tests: real shells, and what the manual pages say.
//   - tailnettest: the testbed: a real control server and real tailscaled, a fake of the
//     Tailscale API, the story (make demo) and the benchmarks (make bench, make bench-proxy);
//     host boots whole Debian hosts, and life leads the packages through theirs (make test-host).
//
// # The import rule
//
// A package imports only what stands to its right in the picture, and the leaves
// caller, grant, audit and version. One exception: mcpserver imports identity, for
// the errors by which it chooses a status; identity does not know it. package tool
// and its groups know neither HTTP nor MCP; of each other, groups know the devices
// only, which their callers name. grant imports the standard library. mcp-go is imported by mcpserver only.
// The product imports no tsnet and runs no other program. imports_test.go holds all
// of this.
//
// # Where the design was changed
//
//   - Caller lives in a leaf package of its own and not in identity, since tool and
//     audit need it and may not import upstream.
//
//   - The commands assemble the registry by tool/catalog, so that the story and the
//     tests serve exactly what the daemon does.
//
//   - Notifications that belong to a request are written by mcpserver itself and not
//     through mcp-go, which loses some at the end of a call (its pull request 969) and,
//     within a session, sends some down another request's stream.
//
//   - The proxy bridges a legacy client to a server without sessions that also speaks the
//     modern era, and not only to one that speaks nothing else: only so can this daemon ask
//     such a client, and tell it of changes.
//
//   - The socket unit is tied to the service by PartOf= in the service, not by RequiredBy=,
//     which kept the service from binding by itself where there is no device; and a unit
//     that runs whenever tailscaled has started stands in for udev.
//
//   - The daemon ends with 78 for a configuration that cannot work, since the Go runtime
//     ends with 2 after a panic and at the watchdog's signal, and those are to be restarted.
//
// # Adding a tool
//
// See CONTRIBUTING.md: one definition in one file of its group.
package internal
