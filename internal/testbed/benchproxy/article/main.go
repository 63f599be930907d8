// SPDX-License-Identifier: MIT

// Command article is a stdio relay that works in the way of the proxy that came
// with the article "An easy, realistic model for MCP connectivity" (June 2025),
// written anew from a description of what that one does. It is here to be
// measured: it stands for the first idea of such a proxy, not for that program
// as it may be today.
//
// What it has in common with it: one request at a time, lines of at most 64 KiB
// (bufio.Scanner's own limit), messages decoded and encoded again, 30 seconds
// for an answer, the session id kept and sent, the local tailscaled asked for
// its status at the start and for every message, anything but HTTP 200 (a 202
// too) answered with an internal error, "method not found" answered with an
// empty result. It has no Accept header, reads no event streams, opens no GET
// stream and does not end its session.
//
//	article --server URL --tailscaled-socket PATH
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"tailscale.com/client/local"
)

type rpc struct {
	Version string    `json:"jsonrpc"`
	ID      any       `json:"id,omitempty"`
	Method  string    `json:"method,omitempty"`
	Params  any       `json:"params,omitempty"`
	Result  any       `json:"result,omitempty"`
	Error   *rpcError `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

type relay struct {
	url        string
	tailscaled *local.Client
	http       *http.Client
	user       string
	session    string
}

func main() {
	url := flag.String("server", "", "the server's MCP endpoint")
	socket := flag.String("tailscaled-socket", "", "the local tailscaled's socket")
	flag.Parse()
	r := &relay{
		url: *url, tailscaled: &local.Client{Socket: *socket, UseSocketOnly: true},
		http: &http.Client{Timeout: 30 * time.Second},
	}
	if err := r.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "article:", err)
		os.Exit(1)
	}
}

func (r *relay) run(ctx context.Context) error {
	st, err := r.tailscaled.Status(ctx)
	if err != nil {
		return err
	}
	r.user = st.User[st.Self.UserID].LoginName
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var m rpc
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			write(&rpc{Version: "2.0", Error: &rpcError{-32700, "Parse error", err.Error()}})
			continue
		}
		answer, err := r.forward(ctx, &m)
		if err != nil {
			answer = &rpc{Version: "2.0", ID: m.ID, Error: &rpcError{-32603, "Internal error", err.Error()}}
		}
		write(answer)
	}
	return lines.Err()
}

func (r *relay) forward(ctx context.Context, m *rpc) (*rpc, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.session != "" {
		req.Header.Set("Mcp-Session-Id", r.session)
	}
	req.Header.Set("X-Tailscale-User", r.user)
	if st, err := r.tailscaled.Status(ctx); err == nil {
		req.Header.Set("X-Tailscale-Node", st.Self.DNSName)
		if st.Self.Tags != nil {
			req.Header.Set("X-Tailscale-Tags", strings.Join(st.Self.Tags.AsSlice(), ","))
		}
	}
	res, err := r.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if id := res.Header.Get("Mcp-Session-Id"); id != "" {
		r.session = id
	}
	body, err = io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d: %s", res.StatusCode, body)
	}
	answer := new(rpc)
	if err := json.Unmarshal(body, answer); err != nil {
		return nil, err
	}
	if answer.Error != nil && answer.Error.Code == -32601 {
		answer.Error, answer.Result = nil, struct{}{}
	}
	return answer, nil
}

func write(m *rpc) {
	line, err := json.Marshal(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "article:", err)
		return
	}
	fmt.Println(string(line))
}
