// SPDX-License-Identifier: MIT

// Package route finds the way to one server, and keeps it up to date: over the tailnet
// as the system connects, through tailscaled where that runs without a network device,
// or direct. A Router picks the Route of each request; a Path shows a person the same
// way step by step.
//
// With a route comes the identity that may be shown over it, the X-Tailscale-* headers.
// They are sent only to an address that tailscaled says is a node of the tailnet, or to
// a host that Config.IdentityTo allows by name. They inform; a server must not decide
// by them.
//
// The package imports the standard library and the client side of tailscaled. It knows
// neither MCP nor the messages that are sent. Its failure mode is a direct route
// without an identity, with a note that says why; with Config.Required, no route.
package route
