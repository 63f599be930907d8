// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

const (
	// patience bounds every wait for what should be there in a moment.
	patience = time.Minute

	// try bounds one call. A daemon that hangs is found by its watchdog later than that.
	try = 10 * time.Second

	capability = "jaxxstorm.com/cap/mcp"
	granted    = "get_tailnet_status" // a tool that a caller without a grant is refused
)

// answer is what came back of a call.
type answer struct {
	status  int
	text    string // of the tool's result; the body, where there is none
	refused bool   // the result of the tool is an error
}

// request is one of MCP's.
type request struct {
	method, name string // what name is depends on the method; for lists it is empty
	params       map[string]any
	host         string // that it asks for; empty: the one that is dialled
	server       string // behind the gateway; empty: the tools of the daemon
}

// send has a peer send a request, on a connection of its own.
func (q request) send(ctx context.Context, peer *testbed.Node, address string) (status int, text []byte, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, try, fmt.Errorf("not answered within %v", try))
	defer cancel()
	params := map[string]any{"_meta": map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "life", "version": "1"},
	}}
	maps.Copy(params, q.params)
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": q.method, "params": params})
	if err != nil {
		return 0, nil, err
	}
	path := "/mcp"
	if q.server != "" {
		path = "/" + q.server + path
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Host = q.host
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": q.method,
	} {
		r.Header.Set(name, value)
	}
	if q.name != "" {
		r.Header.Set("Mcp-Name", q.name)
	}
	client := http.Client{Transport: &http.Transport{DialContext: peer.Dial, DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	text, err = io.ReadAll(res.Body)
	return res.StatusCode, text, err
}

// call has a peer call a tool, on a connection of its own.
func call(ctx context.Context, peer *testbed.Node, address, tool string, arguments map[string]any) (answer, error) {
	return callOf(ctx, peer, address, "", tool, arguments)
}

// callOf has a peer call a tool of a server behind the gateway.
func callOf(ctx context.Context, peer *testbed.Node, address, server, tool string, arguments map[string]any) (answer, error) {
	q := request{method: "tools/call", name: tool, server: server, params: map[string]any{"name": tool, "arguments": arguments}}
	status, text, err := q.send(ctx, peer, address)
	if err != nil {
		return answer{}, err
	}
	var response struct {
		Result *struct {
			Content []struct{ Text string }
			IsError bool
		}
	}
	if err := json.Unmarshal(text, &response); status != http.StatusOK || err != nil ||
		response.Result == nil || len(response.Result.Content) != 1 {
		return answer{status: status, text: string(text)}, nil
	}
	return answer{status: status, text: response.Result.Content[0].Text, refused: response.Result.IsError}, nil
}

// address is where the host's daemon is called.
func (l *life) address() string { return l.host.Node.FQDN() + ":" + l.port }

// call has alice call a tool of the host, without arguments.
func (l *life) call(ctx context.Context, tool string) (answer, error) {
	return call(ctx, l.peer, l.address(), tool, map[string]any{})
}

// answered waits until alice is told by the host who she is, and returns how long that took.
func (l *life) answered(ctx context.Context, t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	l.await(ctx, t, func() error {
		a, err := l.call(ctx, "whoami")
		if err == nil && (a.status != http.StatusOK || a.refused || !strings.Contains(a.text, "alice@example.com")) {
			err = fmt.Errorf("got %d %q, want whoami to say alice@example.com", a.status, a.text)
		}
		return err
	})
	return time.Since(began)
}

// mayCall waits until a tool that wants a grant answers alice, or until it refuses her.
func (l *life) mayCall(ctx context.Context, t *testing.T, want bool) {
	t.Helper()
	l.await(ctx, t, func() error {
		a, err := l.call(ctx, granted)
		if err == nil && (a.status != http.StatusOK || a.refused == want) {
			err = fmt.Errorf("calling %s: got %d, refused %v: %s", granted, a.status, a.refused, a.text)
		}
		return err
	})
}

// await asks until nothing is wanting any more.
func (l *life) await(ctx context.Context, t *testing.T, wanting func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not within %v", patience))
	defer cancel()
	for {
		err := wanting()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(errors.Join(context.Cause(ctx), err))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
