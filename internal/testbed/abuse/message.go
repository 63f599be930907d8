// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// message is one request as a client of a revision sends it; the zero message is
// GET /healthz. It travels to other processes as JSON.
type message struct {
	Revision, Method, Name, Body string
	Server                       string // behind the daemon; "" is the daemon itself
}

// path is where it goes to.
func (m message) path() string {
	if m.Server == "" {
		return "/mcp"
	}
	return "/" + m.Server + "/mcp"
}

// number stands in a body for the number of the call, so that no two are alike.
const number = "@N@"

// toolCall names the tool and its arguments.
func toolCall(revision, name, arguments string) message {
	return rpc(revision, "tools/call", name, `"name":"`+name+`","arguments":`+arguments)
}

// rpc makes a message of a method and its params, without their braces.
func rpc(revision, method, name, params string) message {
	var parts []string
	if params != "" {
		parts = append(parts, params)
	}
	if revision == modern {
		parts = append(parts, `"_meta":{"io.modelcontextprotocol/protocolVersion":"`+modern+`","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"abuse","version":"1"}}`)
	}
	id := `"id":1,`
	if strings.HasPrefix(method, "notifications/") {
		id = ""
	}
	return message{Revision: revision, Method: method, Name: name, Body: `{"jsonrpc":"2.0",` + id + `"method":"` + method + `","params":{` + strings.Join(parts, ",") + `}}`}
}

// listen opens a stream that stays open.
func listen() message {
	return rpc(modern, "subscriptions/listen", "", `"notifications":{"toolsListChanged":true}`)
}

// initialize is the first message of a client of the older revision.
func initialize() message {
	return rpc(legacy, "initialize", "", `"protocolVersion":"`+legacy+`","capabilities":{},"clientInfo":{"name":"abuse","version":"1"}`)
}

// numbered is m with a number in it.
func (m message) numbered(n int) message {
	m.Body = strings.ReplaceAll(m.Body, number, fmt.Sprint(n))
	return m
}

// request is m for net/http.
func (m message) request(ctx context.Context, target string) (*http.Request, error) {
	if m.Method == "" {
		return http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target+"/healthz", nil)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+target+m.path(), strings.NewReader(m.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range m.header() {
		r.Header.Set(name, value)
	}
	return r, nil
}

func (m message) header() map[string]string {
	h := map[string]string{
		"Content-Type":         "application/json",
		"Accept":               "application/json, text/event-stream",
		"MCP-Protocol-Version": m.Revision,
	}
	if m.Revision == modern {
		h["Mcp-Method"] = m.Method
		if m.Name != "" {
			h["Mcp-Name"] = m.Name
		}
	}
	return h
}

// bytes is m as it goes over the wire, with the length that it announces.
func (m message) bytes(target string, announced int) []byte {
	var b bytes.Buffer
	if m.Method == "" {
		fmt.Fprintf(&b, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", target)
		return b.Bytes()
	}
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", m.path(), target, announced)
	for name, value := range m.header() {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	b.WriteString("\r\n" + m.Body)
	return b.Bytes()
}

// headSize is how much of an answer is looked at. In the newer revision an error
// stands behind what the server says of itself, icons included.
const headSize = 64 << 10

var heads = sync.Pool{New: func() any { return new([headSize]byte) }}

// readHead returns the beginning of an answer and reads the rest away. An answer
// that was cut off is an error.
func readHead(body io.Reader) (string, error) {
	head := heads.Get().(*[headSize]byte)
	defer heads.Put(head)
	for n := 0; ; {
		if n == headSize {
			_, err := io.Copy(io.Discard, body)
			return string(head[:]), err
		}
		more, err := body.Read(head[n:])
		n += more
		switch {
		case err == io.EOF: //nolint:errorlint // a reader gives back the very value
			return string(head[:n]), nil
		case err != nil:
			return "", err
		}
	}
}

// errorCode is how the text of a failed tool call begins.
var errorCode = regexp.MustCompile(`"text":"([a-z_]+): `)

// verdict sorts the answer to a message of MCP: its status and, where that is 200,
// what error is in it.
func verdict(status int, head string) string {
	text := fmt.Sprint(status)
	if status != http.StatusOK {
		return text
	}
	if strings.Contains(head, `"isError":true`) {
		if code := errorCode.FindStringSubmatch(head); code != nil {
			return text + " " + code[1]
		}
		return text + " isError"
	}
	switch {
	case strings.Contains(head, `"error":{"code"`):
		return text + " JSON-RPC error"
	case !strings.Contains(head, `"result":`):
		return text + " without a result"
	}
	return text
}

// good is the verdict about an answer that a client asked for.
func good(verdict string) bool { return verdict == "200" || verdict == "202" }
