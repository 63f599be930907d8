// SPDX-License-Identifier: MIT

// Package load asks an MCP server over HTTP as clients do, once and under load, for the
// benchmarks.
package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Revisions of the protocol, one of each era.
const (
	Legacy = "2025-11-25"
	Modern = "2026-07-28"
)

// Request is one message as a client of a revision sends it.
type Request struct{ revision, method, name, body string }

// Call is a call of a tool; arguments are a JSON object.
func Call(revision, name, arguments string) Request {
	return Request{revision, "tools/call", name, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments + meta(revision) + `}}`}
}

// List asks for the list of tools.
func List(revision string) Request {
	return Request{revision, "tools/list", "", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + strings.TrimPrefix(meta(revision), ",") + `}}`}
}

func meta(revision string) string {
	if revision != Modern {
		return ""
	}
	return `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + Modern + `","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`
}

// Send sends the request once and returns a good answer.
func (q Request) Send(ctx context.Context, c *http.Client, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("MCP-Protocol-Version", q.revision)
	if q.revision == Modern {
		r.Header.Set("Mcp-Method", q.method)
		if q.name != "" {
			r.Header.Set("Mcp-Name", q.name)
		}
	}
	res, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	// An error stands right behind the id; the rest of a long answer is not read.
	head := string(body[:min(len(body), 512)])
	if err == nil && (res.StatusCode != http.StatusOK || strings.Contains(head, `"isError":true`) || strings.Contains(head, `"error":{"code"`)) {
		err = fmt.Errorf("%s: %s", res.Status, head)
	}
	return body, err
}
