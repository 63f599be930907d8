// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// client is one person's program.
type client struct {
	b        *bench
	http     *http.Client
	revision string
	asks     bool   // can ask a person
	query    string // of its URL, with the question mark
}

func (b *bench) client(t testing.TB, from, revision string) *client {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 128}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{b: b, http: &http.Client{Transport: transport, Timeout: 30 * time.Second}, revision: revision}
}

func (b *bench) alice(t testing.TB, revision string) *client {
	return b.client(t, "127.0.0.2", revision)
}
func (b *bench) bob(t testing.TB, revision string) *client { return b.client(t, "127.0.0.3", revision) }

// request makes the HTTP request of one message, with all that its revision
// wants in headers and _meta.
func (c *client) request(ctx context.Context, id any, method string, params map[string]any) *http.Request {
	if params == nil {
		params = map[string]any{}
	}
	if c.revision == modern {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["io.modelcontextprotocol/protocolVersion"] = modern
		capabilities := map[string]any{}
		if c.asks {
			capabilities["elicitation"] = map[string]any{}
		}
		meta["io.modelcontextprotocol/clientCapabilities"] = capabilities
		meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "bench", "version": "1"}
		params["_meta"] = meta
	}
	message := map[string]any{"jsonrpc": "2.0", "method": method, "params": params}
	if id != nil {
		message["id"] = id
	}
	body, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	r := c.raw(ctx, string(body))
	if c.revision == modern {
		r.Header.Set("Mcp-Method", method)
		for _, key := range []string{"name", "uri"} {
			if value, ok := params[key].(string); ok && (method == "tools/call" || method == "prompts/get" || method == "resources/read") {
				encoded, _ := mcp.EncodeHeaderValue(value)
				r.Header.Set("Mcp-Name", encoded)
			}
		}
	}
	return r
}

// raw makes the HTTP request of any body.
func (c *client) raw(ctx context.Context, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.b.addr+Path+c.query, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("MCP-Protocol-Version", c.revision)
	return r
}

// reply is a response with the notifications that came before it.
type reply struct {
	status        int
	header        http.Header
	body          string // of the response message
	notifications []string

	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
}

func (c *client) do(t testing.TB, r *http.Request) reply {
	t.Helper()
	out, err := c.try(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return out
}

func (c *client) try(r *http.Request) (reply, error) {
	res, err := c.http.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	out := reply{status: res.StatusCode, header: res.Header}
	if res.Header.Get("Content-Type") != "text/event-stream" {
		body, err := io.ReadAll(res.Body)
		out.body = string(body)
		_ = json.Unmarshal(body, &out)
		return out, err
	}
	events := events(res.Body)
	for text := range events {
		var m struct{ Method string }
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return out, err
		}
		if m.Method != "" {
			out.notifications = append(out.notifications, text)
			continue
		}
		out.body = text
		_ = json.Unmarshal([]byte(text), &out)
	}
	return out, nil
}

// events yields the data of each event of a stream.
func events(body io.Reader) func(func(string) bool) {
	return func(yield func(string) bool) {
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: ")); ok && !yield(string(data)) {
				return
			}
		}
	}
}

// call calls a tool and returns its text and whether it was an error.
func (c *client) call(t testing.TB, name string, arguments map[string]any) (text string, isError bool) {
	t.Helper()
	r := c.do(t, c.request(t.Context(), 1, "tools/call", map[string]any{"name": name, "arguments": arguments}))
	return r.toolText(t)
}

func (r reply) toolText(t testing.TB) (text string, isError bool) {
	t.Helper()
	var result struct {
		Content []struct{ Text string }
		IsError bool
	}
	if err := json.Unmarshal(r.Result, &result); err != nil || len(result.Content) != 1 {
		t.Fatalf("no tool result: status %d, %s", r.status, r.body)
	}
	return result.Content[0].Text, result.IsError
}

// list returns the names that a list method shows.
func (c *client) list(t testing.TB, method string) []string {
	t.Helper()
	r := c.do(t, c.request(t.Context(), 1, method, nil))
	var result struct {
		Tools, Prompts []struct{ Name string }
		Resources      []struct{ URI string }
		Templates      []struct{ URITemplate string } `json:"resourceTemplates"`
	}
	if err := json.Unmarshal(r.Result, &result); err != nil {
		t.Fatalf("%s: status %d, %s", method, r.status, r.body)
	}
	out := []string{}
	for _, v := range result.Tools {
		out = append(out, v.Name)
	}
	for _, v := range result.Prompts {
		out = append(out, v.Name)
	}
	for _, v := range result.Resources {
		out = append(out, v.URI)
	}
	for _, v := range result.Templates {
		out = append(out, v.URITemplate)
	}
	return out
}

// outcome is what came of a request that ran in the background.
type outcome struct {
	reply
	err error
}

// start calls a tool in the background.
func (c *client) start(ctx context.Context, id any, name string, arguments map[string]any) <-chan outcome {
	done := make(chan outcome, 1)
	r := c.request(ctx, id, "tools/call", map[string]any{"name": name, "arguments": arguments})
	go func() {
		out, err := c.try(r)
		done <- outcome{out, err}
	}()
	return done
}
