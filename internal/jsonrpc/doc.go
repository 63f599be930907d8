// SPDX-License-Identifier: MIT

// Package jsonrpc reads and writes the JSON-RPC messages of MCP as the bytes they
// are, without decoding them into values and encoding them again: ids, numbers,
// the order of members and unknown members stay as the sender wrote them.
//
// Scan checks one message and finds in it what a relay has to know, the Envelope.
// Scanner reads parts of a message that Scan accepted. WithID, WithMembers and
// Replace change a message in one place and copy the rest. LineReader and
// LineWriter are the two ends of the stdio transport, EventReader is the client's
// end of the event streams of Streamable HTTP. All readers take the size of the
// largest message and refuse a larger one; of a line, Skim still finds the id.
//
// The package imports the standard library only and keeps no state between
// messages. Its failure mode is an error that says what is wrong with the
// message.
package jsonrpc
