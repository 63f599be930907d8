// SPDX-License-Identifier: MIT

// Package proxy relays MCP between a client that speaks stdio and a server
// that speaks Streamable HTTP, or HTTP+SSE, which package transport gives the form
// of the former.
//
// Messages are relayed as the bytes they are: nothing is decoded and encoded
// again, so ids, numbers, key order and unknown members arrive as they were
// sent. A message is changed only where a rule of the transport asks for it:
// line breaks between its tokens become spaces (a stdio message is one line),
// an answer whose id the server lost or rounded gets the id of its request
// back, of a modern list of tools those are cut out whose definitions break the
// rules for headers, and where a bridge is needed (below) the members are put in
// that the newer era asks for.
//
// # Flow
//
//	stdin → line → envelope → relay (session) → endpoint (headers, route) ⇄ server
//	stdout ← output ← calls (exactly one answer per id) ← body or event stream
//
// One file holds one of these things. Lines, event streams and the bytes of a
// message are those of package jsonrpc, HTTP is that of package endpoint, the way to
// the server is that of package route, and the headers that repeat parts of a message
// are those of package mirror.
//
// # Eras
//
// The relay knows both eras of the protocol, told apart by each message: a
// modern one (2026-07-28) names its version in params._meta and stands alone; a
// legacy one (2025-11-25 and older) belongs to the session that its client
// opened with initialize. What becomes of that:
//
//   - Client and server of one era: relayed.
//   - A legacy client in front of a server that knows only the modern era, or
//     that keeps no sessions and speaks both: bridged. Such a server can ask its
//     client for input, and tell it of changes, in the modern era only. Package
//     bridge says how; bridge.go here finds out when, and gives it both sides.
//   - A modern client in front of a legacy server: server/discover is answered
//     with the server's error, or within two seconds with one of the proxy that
//     is none of the modern era's, so that a client of both falls back.
//
// # Promises
//
//   - Every request read from stdin is answered exactly once: by the server,
//     or by an error that says what happened and whether the request may have
//     been carried out. The exception is a request its client cancelled: it is
//     not answered.
//     A second request with an id that is still in flight is no request of its
//     own and is dropped, since its answer could not be told from the first's.
//   - Notifications are never answered, and nothing but messages is written
//     to stdout.
//   - The client is asked nothing that it did not offer to be asked: a legacy
//     server gets "method not found" in its place, and the call of a modern one an
//     error. What a server sends that can be read in two ways (a member of the
//     message that is there twice) is not passed on, and neither is an answer with
//     an id that is not the request's. Only an HTTP error may name any id, and
//     can be nothing but an error.
//   - The X-Tailscale-* headers come from the local tailscaled and are sent
//     only over connections to an address that tailscaled says is a node of
//     the tailnet, or to a host that Config.IdentityTo allows by name. No
//     header of the user takes their place. They inform; a server must not
//     decide by them.
//   - With Config.RequireTailscale nothing is sent to what is no such node.
//   - Nothing is repeated by itself unless the server said that it did not
//     take it (404 for a forgotten session; -32020 for headers that are not what
//     the tool asks for), or it only waits for news: a subscription whose stream
//     broke is asked for again, and its client told of everything that it may
//     have missed. Of its own the proxy asks a modern server for its tools, to
//     know those headers, before a call of one it has not seen.
//
// The package imports the standard library and the client side of tailscaled
// (tailscale.com/client/local), and the packages bridge and jsonrpc, which know neither
// stdio nor HTTP. Its failure mode is an error answer: it ends only when stdin ends,
// stdout breaks or its context is done.
package proxy
