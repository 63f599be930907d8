// SPDX-License-Identifier: MIT

// Package hostile has an MCP server over HTTP that misbehaves in every way that a gateway
// has to bear. It speaks the protocol without a library, so that it can break its rules:
// Streamable HTTP of either era, and the HTTP+SSE transport of 2024-11-05.
//
// It has a tool echo, which answers with its arguments, and a tool for each fault, named
// after it: whoever calls that gets the fault. Besides, any request may meet one, by chance
// out of a seed. Every fault ends by itself, within patience at the latest.
//
// Command serve beside it is the server as a process of its own.
package hostile
