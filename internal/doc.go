// SPDX-License-Identifier: MIT

// Package internal is the map of this program; it holds no code.
//
// # The way of a request
//
// One way in, one way out. A request passes the stages in this order, and each
// stage is a package that can be read alone:
//
//	listen → front (identity) → mcpserver → gate (grant, audit) → tool → tsapi, localapi → result → audit
//
// The packages:
//
//   - config: environment and systemd credentials → one validated value.
//   - service: the service manager: ready, status, stopping, watchdog.
//   - listen: inherited sockets or self-bound Tailscale addresses; follows address
//     changes; checks the local address of every connection; says when tailscaled has
//     lost its control server, so that only reads are served.
//   - identity: remote address → caller, by tailscaled's WhoIs; keeps an answer for a
//     second at most.
//   - front: what every path of the daemon has in common: the limits of what a caller
//     may use, Host and Origin, who is calling, and which path goes where.
//   - mcpserver: the only package of the daemon that knows MCP: the checks in the order
//     a request meets them, then lists and calls out of the registry. mcp-go does the
//     handshake and holds nothing of a caller.
//   - gate: the one path that every call takes: decide, audit, run, bound, audit. Its
//     registry has what there is, in snapshots that may be replaced while serving; a tool
//     is a value there, wherever it comes from.
//   - tool: our own tools, by typed definitions: schema, decoding, fields.
//   - tool/GROUP: the tools themselves, a file each; tool/catalog lists the groups.
//   - tool/access: who reaches what by the policy file, and who may use this server.
//   - tool/policy/past: how the policy file was changed, out of the configuration audit log.
//   - grant: capability entries → decisions; pure, no I/O, fuzzed.
//   - policy: the tailnet policy file → what it means for a tailnet, and what it gives to
//     whom on this server; pure.
//   - policy/grammar: the text of a policy file → its model, and what is wrong with it.
//   - policy/compiled: the model and a tailnet → what each device gets: packet filter,
//     capabilities, ssh rules, attributes; policy asks it.
//   - policy/selector: the names of a policy file → sets of devices and addresses.
//   - policy/address, policy/ports, policy/posture: addresses, ports and conditions as
//     policy files write them; leaves.
//   - policy/tailnet: what of a tailnet decides a policy: people, devices, routes; a leaf.
//   - policy/edit: changes its text by operations, and nothing else of it; pure, fuzzed.
//   - policy/difference: how its text changes, by lines and sections; pure.
//   - policy/nesting: refuses a text that is nested deeper than its parser bears; a leaf.
//   - survey: reads a tailnet from the API into the facts that a policy is compiled for.
//   - audit: one record per decision and one per outcome, in a file that counts, and
//     beside it in the journal or as JSON lines; reads the file too.
//   - tsapi: the control API of Tailscale: one way for every request, with retries, limits
//     and errors with fixed codes.
//   - localapi: the tailscaled of this host, asked and explained; localapi/socket makes its
//     clients, without the rest.
//   - tsapi/period: the stretch of time that a log is asked for.
//   - tsapi/credential: the credential of the Tailscale API, which config checks; a leaf.
//   - flight: joins identical work that is under way; a leaf.
//   - redact: makes the words of others fit for a message: bounded, visible, no secrets; a leaf.
//   - metrics: counts what passes between the stages, in Prometheus' format, by wrapping
//     the audit log, tailscaled and the handler; imports audit only.
//   - caller: who asks; a leaf that all stages share.
//   - failure: what a caller is told that something failed: code, message, next step; a leaf.
//   - visible: shows what cannot be seen in the texts of others; a leaf.
//   - version: which version of the program this is; a leaf.
//   - jsonrpc: the JSON-RPC messages of MCP as the bytes they are: reads, scans and
//     changes them without decoding; lines and event streams; a leaf.
//   - proxy: the stdio ↔ Streamable HTTP relay, a program of its own.
//   - proxy/route: the way of that relay to its server, and the identity shown over it.
//   - proxy/mirror: which parts of a request travel in HTTP headers too.
//   - install: enters that program in the configuration of MCP clients; clients.go is
//     the table of what each needs.
//   - cli: what the command lines of both programs share around cobra: how arguments are
//     read, errors, help, completions and exit codes; cli/spelling, a leaf, guesses what a
//     misspelt name was to be.
//   - testbed: all that is not product: a real control server and real tailscaled, a fake
//     of the Tailscale API, which evaluates policy files by package policy, the story
//     (make demo), the attacks (make abuse), the benchmarks (make bench, make bench-proxy)
//     and conformance; host boots whole Debian hosts, life
//     leads the packages through theirs (make test-host), packages installs them; fakelocal
//     fakes a tailscaled; tooltest and clitest are for the tests of tools and command lines.
//
// # The import rule
//
// A package imports only what stands to its right in the picture, and the leaves
// caller, grant, audit, failure, cli/spelling, version and visible. One exception: mcpserver imports front, for the
// visit that it is given; front does not know it. gate knows
// neither Tailscale nor MCP nor HTTP, package tool and its groups neither HTTP nor MCP; of each other, groups know the devices
// only, which their callers name. grant imports the standard library. mcp-go is imported by mcpserver only.
// The product imports no tsnet and runs no other program. imports_test.go holds all
// of this.
//
// # Adding a tool
//
// See CONTRIBUTING.md: one definition in one file of its group.
package internal
