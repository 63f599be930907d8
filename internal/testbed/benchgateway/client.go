// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"tailscale-mcp/internal/testbed/load"
)

// client is a client of a gateway: somebody who calls from an address of their own, in a session
// where the revision knows sessions. It takes whole answers and event streams.
type client struct {
	http     *http.Client
	url      string
	revision string
	session  string
	last     atomic.Int64
}

const (
	hello    = `{"protocolVersion":"` + load.Legacy + `","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`
	greeting = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	// aboutClient is what every request of the newer era says of its client.
	aboutClient = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + load.Modern + `","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`
	echoed      = `{"text":"hello"}`
)

// alice is the caller under load, and stranger somebody who has not called before.
var alice = net.IPv4(127, 0, 0, 1)

func stranger(n int) net.IP { return net.IPv4(127, 0, byte(1+n/200), byte(1+n%200)) }

// connect returns a caller who has a session, where there are some.
func connect(ctx context.Context, url, revision string, from net.IP) (*client, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}}
	c := &client{http: &http.Client{Transport: &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 64}}, url: url, revision: revision}
	if revision == load.Modern {
		return c, nil
	}
	res, _, err := c.post(ctx, "initialize", "", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":`+hello+`}`)
	if err != nil {
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	c.session = res.Get("Mcp-Session-Id")
	if _, _, err = c.post(ctx, "notifications/initialized", "", greeting); err != nil {
		return nil, fmt.Errorf("opening a session: %w", err)
	}
	return c, nil
}

// close ends the session and its connections.
func (c *client) close(ctx context.Context) {
	defer c.http.CloseIdleConnections()
	if c.session == "" {
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.url, nil)
	if err != nil {
		return
	}
	r.Header.Set("Mcp-Session-Id", c.session)
	r.Header.Set("Mcp-Protocol-Version", c.revision)
	if res, err := c.http.Do(r); err == nil {
		_ = res.Body.Close()
	}
}

// call calls a tool and returns the message with its result. An error of the answer, and a
// result that says it is one, is an error.
func (c *client) call(ctx context.Context, tool, arguments string) ([]byte, error) {
	meta := ""
	if c.revision == load.Modern {
		meta = aboutClient
	}
	id := strconv.FormatInt(c.last.Add(1), 10)
	_, body, err := c.post(ctx, "tools/call", tool, `{"jsonrpc":"2.0","id":`+id+`,"method":"tools/call","params":{"name":"`+tool+`","arguments":`+arguments+meta+`}}`)
	if err != nil {
		return nil, err
	}
	// What says so stands at the beginning or the end; a long answer is not read.
	if len(body) > 4096 {
		body = append(append([]byte{}, body[:2048]...), body[len(body)-2048:]...)
	}
	var m struct {
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &m) == nil && m.Error != nil {
		return nil, errors.New(m.Error.Message)
	}
	if bytes.Contains(body, []byte(`"isError":true`)) {
		return nil, fmt.Errorf("%.300s", body)
	}
	return body, nil
}

func (c *client) echo(ctx context.Context) ([]byte, error) { return c.call(ctx, "echo", echoed) }

// post sends one message and returns the headers and the message that answers it.
func (c *client) post(ctx context.Context, method, name, body string) (http.Header, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Mcp-Protocol-Version", c.revision)
	switch {
	case c.session != "":
		r.Header.Set("Mcp-Session-Id", c.session)
	case c.revision == load.Modern:
		r.Header.Set("Mcp-Method", method)
		r.Header.Set("Mcp-Name", name)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, err
	}
	if res.StatusCode/100 != 2 {
		return nil, nil, fmt.Errorf("%s: %.300s", res.Status, text)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		if text = lastMessage(text); text == nil {
			return nil, nil, errors.New("an event stream without an answer")
		}
	}
	return res.Header, text, nil
}

// lastMessage is the last message of an event stream, whose answer it is; nil without one.
// Each is one line, as all write it.
func lastMessage(stream []byte) (last []byte) {
	for len(stream) > 0 {
		line, rest, _ := bytes.Cut(stream, []byte{'\n'})
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok && len(bytes.TrimSpace(data)) > 0 {
			last = bytes.TrimSpace(data)
		}
		stream = rest
	}
	return last
}
