// SPDX-License-Identifier: MIT

package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/proxy/transport"
)

// dialogue is a client that talks to the server through the relay, as the
// client does that a person has trouble with.
type dialogue struct {
	me    map[string]any // who the client is
	stdin *io.PipeWriter
	ended chan struct{}  // closed when the relay has ended
	meta  map[string]any // params._meta of every request in the modern era
	over  atomic.Value   // the transport.Kind that the server speaks, once it is known

	mu      sync.Mutex
	last    int
	waiting map[string]chan message
}

// message is an answer of the server.
type message struct {
	ID     json.RawMessage
	Result json.RawMessage
	Error  *answerError
}

// answerError is a JSON-RPC error, of the server or of the relay.
type answerError struct {
	Code    int
	Message string
}

func (e *answerError) Error() string { return e.Message }

// converse starts a relay.
func converse(ctx context.Context, o Options) *dialogue {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	d := &dialogue{me: map[string]any{"name": o.Client, "version": o.Version}, stdin: inW, ended: make(chan struct{}), waiting: map[string]chan message{}}
	o.Relay.Found = func(k transport.Kind) { d.over.Store(k) }
	go func() {
		err := proxy.Run(ctx, o.Relay, inR, outW)
		_ = inR.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		_ = outW.Close()
		close(d.ended)
	}()
	go d.listen(outR)
	return d
}

// listen hands answers to those who wait for them, and leaves out all else:
// nothing that the server asks or tells is of interest here.
func (d *dialogue) listen(stdout io.Reader) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(line, &m) != nil || m.Result == nil && m.Error == nil {
			continue
		}
		d.mu.Lock()
		if c := d.waiting[string(m.ID)]; c != nil {
			delete(d.waiting, string(m.ID))
			c <- m
		}
		d.mu.Unlock()
	}
}

// ask sends a request and reads the result of it into result.
func (d *dialogue) ask(ctx context.Context, method string, params map[string]any, result any) error {
	if d.meta != nil {
		params["_meta"] = d.meta
	}
	c := make(chan message, 1)
	d.mu.Lock()
	d.last++
	id := d.last
	d.waiting[strconv.Itoa(id)] = c
	d.mu.Unlock()
	if err := d.send(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}); err != nil {
		return err
	}
	select {
	case m := <-c:
		if m.Error != nil {
			return m.Error
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("the server's answer to %s is not as MCP has it: %w", method, err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no answer to %s: %w", method, ctx.Err())
	}
}

func (d *dialogue) send(msg any) error {
	line, err := json.Marshal(msg)
	if err != nil {
		return err
	}
	_, err = d.stdin.Write(append(line, '\n'))
	return err
}

// close ends the relay and waits for it.
func (d *dialogue) close() {
	_ = d.stdin.Close()
	<-d.ended
}

// The revisions of the protocol that the doctor speaks, one of each era.
const (
	modernVersion = "2026-07-28"
	legacyVersion = "2025-11-25"
)

// greeting is what a server says of itself.
type greeting struct {
	version string
	server  string
}

type serverInfo struct{ Name, Version string }

func (i serverInfo) String() string {
	if i.Name == "" {
		return "a server without a name"
	}
	return strings.TrimSpace(i.Name + " " + i.Version)
}

// greet finds out whether this is an MCP server, as clients of both eras do:
// by server/discover, and by initialize where there is no such thing.
func (d *dialogue) greet(ctx context.Context) (greeting, error) {
	d.meta = map[string]any{
		"io.modelcontextprotocol/protocolVersion":    modernVersion,
		"io.modelcontextprotocol/clientInfo":         d.me,
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	}
	var discovered struct {
		SupportedVersions []string
		Meta              struct {
			ServerInfo serverInfo `json:"io.modelcontextprotocol/serverInfo"`
		} `json:"_meta"`
	}
	if err := d.ask(ctx, "server/discover", map[string]any{}, &discovered); err == nil && len(discovered.SupportedVersions) > 0 {
		return greeting{modernVersion, discovered.Meta.ServerInfo.String()}, nil
	}
	d.meta = nil
	var opened struct {
		ProtocolVersion string
		ServerInfo      serverInfo
	}
	err := d.ask(ctx, "initialize", map[string]any{"protocolVersion": legacyVersion, "capabilities": map[string]any{}, "clientInfo": d.me}, &opened)
	if err != nil {
		return greeting{}, err
	}
	if opened.ProtocolVersion == "" {
		return greeting{}, errors.New("the server's answer to initialize names no version of the protocol")
	}
	err = d.send(map[string]any{"jsonrpc": "2.0", "method": "notifications/initialized"})
	return greeting{opened.ProtocolVersion, opened.ServerInfo.String()}, err
}
