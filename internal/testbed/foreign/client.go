// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Revisions that the clients here speak.
const (
	legacy = "2025-11-25"
	newest = "2026-07-28"
)

// asker is a server that can be asked: behind the gateway, or alone.
type asker interface {
	ask(ctx context.Context, method string, params map[string]any) (json.RawMessage, error)
}

// client is a client of a server behind the gateway, of one era.
type client struct {
	http    *http.Client
	url     string
	modern  bool
	session string
	id      int
}

// begin makes a client and greets the server.
func begin(ctx context.Context, h *http.Client, url string, modern bool) (*client, error) {
	c := &client{http: h, url: url, modern: modern}
	if modern {
		_, err := c.ask(ctx, "server/discover", nil)
		return c, err
	}
	if _, err := c.ask(ctx, "initialize", map[string]any{
		"protocolVersion": legacy, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "foreign", "version": "1"},
	}); err != nil {
		return nil, err
	}
	_, err := c.post(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, nil)
	return c, err
}

// leave ends the session, if there is one.
func (c *client) leave(ctx context.Context) {
	if c.session == "" {
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, c.url, http.NoBody)
	if err != nil {
		return
	}
	r.Header.Set("Mcp-Session-Id", c.session)
	if res, err := c.http.Do(r); err == nil {
		_ = res.Body.Close()
	}
}

func (c *client) ask(ctx context.Context, method string, params map[string]any) (json.RawMessage, error) {
	header := map[string]string{}
	all := map[string]any{}
	for key, value := range params {
		all[key] = value
	}
	if c.modern {
		all["_meta"] = map[string]any{
			"io.modelcontextprotocol/protocolVersion": newest, "io.modelcontextprotocol/clientCapabilities": map[string]any{},
			"io.modelcontextprotocol/clientInfo": map[string]any{"name": "foreign", "version": "1"},
		}
		header["Mcp-Method"] = method
		for _, key := range []string{"name", "uri"} {
			if name, ok := params[key].(string); ok {
				header["Mcp-Name"] = name
			}
		}
	}
	c.id++
	text, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": c.id, "method": method, "params": all})
	if err != nil {
		return nil, err
	}
	answer, err := c.post(ctx, string(text), header)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	return result(answer)
}

// post sends a message and returns the answer.
func (c *client) post(ctx context.Context, message string, header map[string]string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(message))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if c.modern {
		r.Header.Set("MCP-Protocol-Version", newest)
	} else if c.id > 1 {
		r.Header.Set("MCP-Protocol-Version", legacy)
	}
	if c.session != "" {
		r.Header.Set("Mcp-Session-Id", c.session)
	}
	for key, value := range header {
		r.Header.Set(key, value)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if id := res.Header.Get("Mcp-Session-Id"); id != "" {
		c.session = id
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		body, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode >= http.StatusBadRequest && !bytes.Contains(body, []byte(`"error"`)) {
			err = fmt.Errorf("%s: %s", res.Status, body)
		}
		return body, err
	}
	lines := bufio.NewReader(res.Body)
	for {
		line, err := lines.ReadString('\n')
		if data, ok := strings.CutPrefix(line, "data:"); ok && !strings.Contains(data, `"method"`) && strings.TrimSpace(data) != "" {
			return []byte(data), nil
		}
		if err != nil {
			return nil, fmt.Errorf("a stream without an answer: %w", err)
		}
	}
}

// result is that of an answer.
func result(answer []byte) (json.RawMessage, error) {
	var a struct {
		Result json.RawMessage
		Error  *struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("no answer: %w: %.200s", err, answer)
	}
	if a.Error != nil {
		return nil, &refused{a.Error.Code, a.Error.Message}
	}
	return a.Result, nil
}

// refused is an error that the server answered.
type refused struct {
	code    int
	message string
}

func (r *refused) Error() string { return fmt.Sprintf("error %d: %s", r.code, r.message) }

// notThere reports whether the server does not know the method.
func notThere(err error) bool {
	var r *refused
	return errors.As(err, &r) && r.code == -32601
}
