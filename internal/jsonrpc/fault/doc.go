// SPDX-License-Identifier: MIT

// Package fault makes the errors with which a relay of MCP answers a request in the
// server's place: a code, what happened with the next step, and whether the request
// may have been carried out. It is a leaf beside package jsonrpc, shared by the stdio
// proxy and what bridges the eras of MCP.
package fault
