// SPDX-License-Identifier: MIT

package fault

// Codes of JSON-RPC and MCP.
const (
	ParseError     = -32700
	InvalidRequest = -32600
	MethodNotFound = -32601
	InvalidParams  = -32602
	HeaderMismatch = -32020 // of MCP since 2026-07-28
)

// Codes of the errors that are a relay's own. They are outside the range that JSON-RPC
// reserves (-32768 to -32000), where MCP asks for new codes to be.
const (
	// CodeUnreachable: no connection to the server; the request was not sent.
	CodeUnreachable = -31001
	// CodeHTTPStatus: the server answered with an HTTP error without a
	// JSON-RPC error in it.
	CodeHTTPStatus = -31002
	// CodeBadAnswer: the server answered with something that is no answer.
	CodeBadAnswer = -31003
	// CodeInterrupted: the connection ended before the answer.
	CodeInterrupted = -31004
	// CodeStopping: the relay ended before the answer.
	CodeStopping = -31005
	// CodeTooLarge: a message above the size limit.
	CodeTooLarge = -31006
	// CodeInternal: a defect of the relay.
	CodeInternal = -31007
	// CodeInput: the server needs something of the client, which it did not
	// give.
	CodeInput = -31008
)
