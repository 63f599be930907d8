// SPDX-License-Identifier: MIT

package remote

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"net/url"

	"golang.org/x/net/http/httpguts"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/version"
)

// Client makes links to servers. Its zero value is ready.
type Client struct {
	// Dial connects to what hands over the headers of a server that needs credentials: the
	// socket of its unit. Where it is nil, they are filled from the credentials that this
	// process has itself.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Resolver resolves names; nil means that of the host.
	Resolver *net.Resolver
	// Log gets what is of use to find out why a server cannot be reached; nil for nobody.
	Log *slog.Logger
}

// To returns what makes a new session with a server; nil for one that is started here. Its
// credentials are read anew for each, and when the server refuses them.
func (c Client) To(s entry.Server) func(ctx context.Context, room jsonrpc.Room) (process.Link, error) {
	if s.URL == "" {
		return nil
	}
	return func(ctx context.Context, room jsonrpc.Room) (process.Link, error) { return c.link(ctx, s, room) }
}

func (c Client) link(ctx context.Context, s entry.Server, room jsonrpc.Room) (*link, error) {
	at, err := url.Parse(s.URL)
	if err != nil {
		return nil, fmt.Errorf("its URL cannot be read") //nolint:err113 // without the URL
	}
	header, err := c.header(ctx, s)
	if err != nil {
		return nil, err
	}
	transport, err := c.transport(s, at)
	if err != nil {
		return nil, err
	}
	log := c.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	headers := newHeaders(header, func(ctx context.Context) (http.Header, error) { return c.header(ctx, s) })
	l := newLink(s.Name, at, s.Transport == entry.SSE, headers, transport, log)
	l.room = room
	return l, nil
}

// header are the headers of the entry, with the credentials in them.
func (c Client) header(ctx context.Context, s entry.Server) (http.Header, error) {
	var filled map[string]string
	var err error
	if c.Dial != nil && len(s.Credentials()) > 0 {
		filled, err = c.handed(ctx, s)
	} else if filled, err = entry.Fill(s.Headers, credential); err != nil {
		err = fmt.Errorf("its header %w", err)
	}
	if err != nil {
		return nil, err
	}
	empty, _ := entry.Fill(s.Headers, func(string) (string, error) { return "", nil })
	h := make(http.Header, len(filled)+8)
	for name, value := range filled {
		if value == empty[name] && value != s.Headers[name] { // the server would only say that it wants one
			return nil, fmt.Errorf("its header %s cannot be sent: its credential is empty; put the token or key into it, as it was issued", name)
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, fmt.Errorf("its header %s cannot be sent: the value has characters that no header has; see whether the credential ends with something that does not belong there", name)
		}
		h[textproto.CanonicalMIMEHeaderKey(name)] = []string{value}
	}
	h["User-Agent"] = []string{"tailscale-mcp/" + version.String()}
	return h, nil
}
