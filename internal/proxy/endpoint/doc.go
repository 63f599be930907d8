// SPDX-License-Identifier: MIT

// Package endpoint speaks HTTP to the endpoint of one MCP server, as the transport
// "Streamable HTTP" asks a client to: the verbs, media types and headers, redirects
// within one origin, the headers that a user may add, and over which route a request
// goes. Where no answer comes it says why, as a *fault.Error for the client.
//
// The package knows neither eras nor sessions: their headers are given to it. It
// imports package route for the way to the server, mirror for what a header can carry,
// and jsonrpc.
package endpoint
