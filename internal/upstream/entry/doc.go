// SPDX-License-Identifier: MIT

// Package entry reads what an administrator says of the MCP servers behind the
// gateway: one file a server, /etc/tailscale-mcp/servers.d/NAME.json, in JSON with
// comments and trailing commas (HuJSON).
//
// # The file
//
// It holds one server, bare or as the only member of an "mcpServers" object, with the
// keys that clients of MCP know, and ours under "tailscale", so that the entry stays
// valid elsewhere:
//
//	{"command": "npx", "args": ["-y", "server@1.2.3"], "env": {"TOKEN": "${credential:files.token}"},
//	 "tailscale": {"network": "internet", "read": ["/srv/docs"]}}
//
// ${credential:NAME.x} in env and headers stands for a systemd credential, whose name
// begins with that of the server. See [Server] for what each key means.
//
// # Promises
//
// [Parse] gives one [Server] or every mistake of the file, each with line, column and
// remedy; [Dir] reads a folder, in which no file harms another. A mistake never repeats
// a value of env, headers, args or url. What depends on the host (does the path exist,
// who owns it) is not asked here but by [Server.Host]: a generator of units may look at
// /etc and /usr only.
package entry
