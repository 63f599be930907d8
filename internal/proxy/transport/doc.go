// SPDX-License-Identifier: MIT

// Package transport reaches a server over the transport that it speaks: Streamable HTTP,
// or the older HTTP+SSE (2024-11-05), in which the client opens one stream of events,
// the server says on it where messages are to be posted, and every answer comes on the
// stream.
//
// A relay sees Streamable HTTP either way. A stream is to it a session: initialize opens
// one, its answer has a session id that this package made, what the server sends besides
// answers is on the stream that a GET asks for, and once the stream of the server has
// ended the session is as one that the server forgot (404). So all that a relay promises
// of sessions holds here too: a new stream is opened with the client's own initialize,
// and of a request that was under way on the old one nobody knows whether it was carried
// out.
//
// Unless it is told which, the package finds out as the specification asks a client to
// ("Backwards Compatibility", 2025-11-25 and 2026-07-28): a server that answers the POST
// of initialize with 400, 404 or 405 is asked by GET for a stream whose first event is
// "endpoint". Where there is none, what it answered to the POST stays its answer, unless
// it knew no POST and wants to know who sends the GET. A server that answers the POST with
// such a stream is asked for one too: no answer comes on that (Older).
//
// A server may send what it likes: only the origin of its URL gets anything, its events
// are bounded as all messages are, and so are the time until the first one, the streams
// at once and how often one is opened.
//
// The package imports endpoint for the HTTP of both, and jsonrpc.
package transport
