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
//   - credfile: a credential as systemd hands it over, read by one rule: for config, the
//     launcher and upstream/remote; a leaf.
//   - service: the service manager: ready, status, stopping, watchdog, the ports of its socket.
//   - listen: inherited sockets or self-bound Tailscale addresses; follows address
//     changes; checks the local address of every connection; says when tailscaled has
//     lost its control server, so that only reads are served.
//   - identity: remote address → caller, by tailscaled's WhoIs; keeps an answer for a
//     second at most.
//   - front: what every path of the daemon has in common: the limits of what a caller
//     may use, Host and Origin, who is calling, and which path goes where.
//   - mcpserver: the only one of the daemon that knows MCP, with those below it: the
//     checks in the order a request meets them, then lists and calls out of the registry.
//     mcp-go does the handshake and holds nothing of a caller. mcpserver/message reads
//     what clients send, mcpserver/catalogue writes what the registry holds,
//     mcpserver/brief says an answer in few words, and mcpserver/response writes it.
//   - asking: what a server behind the gate may ask of a client while it works, and what a
//     client can be asked; a leaf. mcpserver/parked has the calls that wait for such answers.
//   - session: the sessions of clients with servers behind the gate, whose each is, and what
//     waits to be told to it; a leaf.
//   - gate: the one path that every call takes: decide, audit, run, bound, audit. Its
//     registry has what there is, in snapshots that may be replaced while serving; a tool
//     is a value there, wherever it comes from. gate/code, a leaf, has the codes by which
//     a change is confirmed.
//   - tool: our own tools, by typed definitions: schema, decoding, fields.
//   - tool/GROUP: the tools themselves, a file each; tool/catalog lists the groups,
//     tool/catalog/listing writes out what they are: a table, JSON, the page of reference.
//   - tool/catalog/typo: what grants name and no tool is called, for check, doctor, grant
//     and the log.
//   - tool/devices/change: those that change devices; devices/lookup finds the device that
//     a caller means, within its grants; devices/view has what is shown of one, and
//     devices/tags what tags are and which may be given.
//   - tool/users/login: the logins of those whom keys and invitations name by an ID only.
//   - tool/access: who reaches what by the policy file, and who may use this server;
//     access/held has the latter for `tailscale-mcp check` too.
//   - tool/local/resolution: which rule of a host's DNS configuration answers a name, and
//     whether its resolvers can be reached; a leaf.
//   - tool/logs reads audit logs and flow logs, tool/streaming says where they are sent.
//   - tool/review: whole questions by many reads: what is risky in the tailnet, which
//     review/risk knows, and what a person has in it; review/leaving takes them out of a policy file.
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
//   - policy/effect: two files and a tailnet → who gains and who loses what, in words, the
//     frightening first; effect/segment, effect/condition and effect/words are its leaves.
//   - policy/tailnet: what of a tailnet decides a policy: people, devices, routes; a leaf.
//   - policy/edit: changes its text by operations, and nothing else of it; pure, fuzzed.
//   - policy/difference: how its text changes, by lines and sections; pure.
//   - policy/nesting: refuses a text that is nested deeper than its parser bears; a leaf.
//   - survey: reads a tailnet from the API into the facts that a policy is compiled for,
//     and lets one evaluation at a time be made of them.
//   - audit: one record per decision and one per outcome, in a file that counts, and
//     beside it in the journal or as JSON lines; reads the file too. audit/disk, a leaf,
//     has the files: lines that are there after a crash, in files that are numbered.
//   - tsapi: the control API of Tailscale: one way for every request, with retries, limits
//     and errors with fixed codes.
//   - tsapi/fault: what went wrong with a request, with a code and a next step.
//   - tsapi/limit: what all callers of the API share, fairly: quota, requests, slots, bytes.
//   - tsapi/token: an access token for each request, out of the credential.
//   - tsapi/scope: what the scopes of a token include, and what is lacking; a leaf.
//   - tsapi/object: the JSON of an answer, checked once and looked into on demand; a leaf.
//   - localapi: the tailscaled of this host, asked and explained; localapi/socket makes
//     the clients of daemon and proxy, without the rest.
//   - localapi/magicdns: asks Tailscale's resolver on this host, and no other; a leaf.
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
//   - jsonrpc/fault: the errors with which a relay answers in the server's place: code,
//     what happened, whether the request may have been carried out.
//   - loglevel: the levels of MCP's log messages; a leaf.
//   - jsonrpc/mirror: which parts of a request travel in HTTP headers too.
//   - jsonrpc/httpsse: where a client of the transport HTTP+SSE (2024-11-05) posts, as the
//     server says it; for the proxy and the gateway.
//   - retry: the pauses between attempts to reach a server again; a leaf.
//   - bridge: lets a client of one era of MCP use a server of the other; knows neither
//     HTTP nor stdio, and reaches both sides by functions of its user.
//   - proxy: the stdio ↔ Streamable HTTP relay, a program of its own.
//   - proxy/endpoint: the HTTP of that relay: requests to its server, and why there is no
//     answer.
//   - proxy/transport: which transport that server speaks, and HTTP+SSE (2024-11-05) in
//     the form of Streamable HTTP, so that the relay knows only the latter.
//   - proxy/route: the way of that relay to its server, and the identity shown over it.
//   - proxy/doctor: walks the way of a request of that relay and says where it breaks.
//   - proxy/listed: which servers of a host its user may use, as the host says it, checked.
//   - proxy/headers: the headers that its user adds, from a file or the environment.
//   - proxy/ending: when that process is to end, by a signal or with its parent; a leaf.
//   - install: enters that program in the configuration of MCP clients; clients.go is
//     the table of what each needs, and install/format, a leaf, changes their files' texts.
//   - upstream/entry: what an administrator says of a server behind the gateway: one file a
//     server → one validated value, or every mistake with its line and remedy.
//   - upstream/pin: what was approved of such a server, in a file made for git; what it
//     shows is compared with it.
//   - upstream/frame: what the launcher of a server says to the daemon: the server's output,
//     and how it ended; a leaf.
//   - upstream/npm: what a command line of npx runs, and where that is installed; a leaf.
//   - upstream/unit: the systemd units of such a server, with its sandbox; pure.
//   - upstream/process: speaks MCP with one running server, of either era, by a link: the
//     pipe of its launcher, or HTTP.
//   - upstream/remote: reaches servers that run elsewhere, by HTTP, with the headers of their
//     entry and nothing of a caller's, and only at addresses that the entry allows.
//   - upstream/look: asks a running server what it offers, to be approved or compared.
//   - upstream/pool: which caller has which process, how many, and when they end.
//   - upstream/offer: an approved server → what the gate serves of it.
//   - upstream/known: what of these servers can be granted and what keeps one from being
//     served, by their files: for check, grant, doctor and the log.
//   - upstream/servers: follows the folder of the entries, and ties these together.
//   - manage: what an administrator does with the servers behind the gate: adds, approves,
//     applies, removes them.
//   - gateway: serves each server behind the gate at its own path, /NAME/mcp.
//   - cmd/tailscale-mcp-generator: writes them, at boot and when systemd reads its units.
//   - cmd/tailscale-mcp-launch: starts a server in its sandbox, for systemd, and stays its
//     parent.
//   - cli: what the command lines of both programs share around cobra: how arguments are
//     read, errors, help, completions and exit codes; cli/spelling, a leaf, guesses what a
//     misspelt name was to be.
//   - testbed: all that is not product: a real control server and real tailscaled, a fake
//     of the Tailscale API, which evaluates policy files by package policy, the story
//     (make demo), an administrator's tasks (make assistant), the attacks (make abuse),
//     the benchmarks (make bench, make bench-proxy), conformance, and servers and assistants
//     of others around the daemon (foreign, make servers), a server over HTTP for tests
//     (elsewhere), and servers by URL that misbehave (hostile); running runs the built
//     daemon for them, and launching the servers behind it; host boots whole Debian hosts,
//     life leads the packages through theirs (make test-host), packages installs them; jail
//     tries from inside a server what its sandbox is to prevent; fakelocal fakes a
//     tailscaled; tooltest and clitest are for the tests of tools and command lines.
//
// # The import rule
//
// A package imports only what stands to its right in the picture, and the leaves
// asking, caller, grant, audit, failure, cli/spelling, version and visible. A package may
// also import its own rooms, as audit does audit/disk.
// One exception: mcpserver imports front, for the visit that it is given, and
// mcpserver/message for the form of a refusal; front knows neither. gate knows neither
// Tailscale nor MCP nor HTTP, package tool and its groups neither HTTP nor MCP; of each
// other, groups know tool/devices/lookup, tool/devices/tags and tool/users/login only, since
// their callers name devices, tags and people. grant
// imports the standard library. mcp-go is imported by mcpserver and those below it only.
// The product imports no tsnet and runs no other program, but for the launcher of
// servers (cmd/tailscale-mcp-launch), whose purpose that is. imports_test.go holds all of
// this.
//
// # Adding a tool
//
// See CONTRIBUTING.md: one definition in one file of its group.
package internal
