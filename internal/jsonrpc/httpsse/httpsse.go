// SPDX-License-Identifier: MIT

// Package httpsse is what a client of the transport "HTTP with SSE" (MCP 2024-11-05)
// needs beside an event stream and POST: when to try it, and where to send its messages. The
// server says the latter in the first event of the stream, whose name is "endpoint" and whose
// data is a URL.
//
// The URL is the word of a server that need not be honest, and what is sent to it may
// carry headers that are a secret. It is therefore taken only within the origin of the
// stream: a server that names another place gets an error, and that place gets nothing.
// No error holds the URL, since servers put the key of the session into it.
//
// The package is a leaf beside package jsonrpc, shared by the stdio proxy and by the
// gateway; it sends nothing.
package httpsse

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
)

// Names of the events of a stream. An event without a name is one of EventMessage.
const (
	EventEndpoint = "endpoint"
	EventMessage  = "message"
)

// maxURL is the length, in bytes, of the longest URL that is taken.
const maxURL = 8 << 10

// Errors of Open and Resolve.
var (
	// ErrNoEndpoint says that a stream did not begin as the transport asks for: what
	// answers there speaks something else.
	ErrNoEndpoint = errors.New("the stream did not begin with the event \"endpoint\"")
	// ErrOtherOrigin says that the URL is not at the server the stream comes from.
	ErrOtherOrigin = errors.New("the server names another origin than its own to send messages to")
	// ErrBadURL says that the URL cannot be read as one.
	ErrBadURL = errors.New("the server does not name a usable URL to send messages to")
)

// Maybe reports whether a server that answers the POST of initialize with this HTTP status
// may speak this transport, and know no POST there (2025-11-25, "Backwards Compatibility").
func Maybe(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusNotFound || status == http.StatusMethodNotAllowed
}

// Open reads the first event of er, the stream that came from the URL stream (after
// redirects), and returns where messages are to be posted. Errors are those above, or of
// er; io.EOF, at a stream that ended before an event, is in an ErrNoEndpoint. Open waits
// as long as the server does: the caller ends the stream when that is too long.
func Open(er *jsonrpc.EventReader, stream *url.URL) (*url.URL, error) {
	ev, err := er.Next()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoEndpoint, err)
	}
	if ev.Name != EventEndpoint {
		return nil, ErrNoEndpoint
	}
	return Resolve(stream, ev.Data)
}

// Resolve returns the URL in data, of an event "endpoint" on the stream from the URL
// stream: absolute or relative to stream, at the same scheme, host and port.
func Resolve(stream *url.URL, data []byte) (*url.URL, error) {
	text := strings.Trim(string(data[:min(len(data), maxURL+1)]), " \t\r\n")
	switch {
	case len(data) > maxURL:
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrBadURL, maxURL)
	case text == "":
		return nil, fmt.Errorf("%w: it is empty", ErrBadURL)
	case strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0:
		// A space in it would end the first line of an HTTP request early.
		return nil, fmt.Errorf("%w: it has characters that a URL cannot have", ErrBadURL)
	}
	ref, err := url.Parse(text)
	if err != nil {
		return nil, ErrBadURL // without err, which has the URL in it
	}
	to := stream.ResolveReference(ref)
	if to.Scheme != stream.Scheme || to.Opaque != "" || !strings.EqualFold(to.Hostname(), stream.Hostname()) || port(to) != port(stream) {
		return nil, ErrOtherOrigin
	}
	if ref.User != nil {
		return nil, fmt.Errorf("%w: it has a user name", ErrBadURL)
	}
	to.User, to.Host = stream.User, stream.Host // spelled as the caller knows them
	to.Fragment, to.RawFragment = "", ""
	return to, nil
}

// port returns the port of u, or that of its scheme.
func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
