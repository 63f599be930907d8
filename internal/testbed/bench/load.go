// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/measure"
)

const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// request is one message as a client of a revision sends it.
type request struct {
	revision, method, name, body string
}

func toolCall(revision, name, arguments string) request {
	return request{revision, "tools/call", name, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments + meta(revision) + `}}`}
}

func listTools(revision string) request {
	return request{revision, "tools/list", "", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + strings.TrimPrefix(meta(revision), ",") + `}}`}
}

func meta(revision string) string {
	if revision != modern {
		return ""
	}
	return `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern + `","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`
}

// send sends the request once and returns a good answer.
func (q request) send(ctx context.Context, c *http.Client, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("MCP-Protocol-Version", q.revision)
	if q.revision == modern {
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

// sample is what one degree of concurrency gave.
type sample struct {
	p50  time.Duration
	rate float64
	body []byte // one of the answers
}

// row is one line of the table.
type row struct {
	one, many sample
	body      []byte
}

func (r row) print(name string, floor time.Duration) {
	ratio := ""
	if floor > 0 {
		ratio = fmt.Sprintf("%.2f", float64(r.one.p50)/float64(floor))
	}
	fmt.Printf("%-44s %12s %12.0f %12s %12.0f %8s\n", name,
		r.one.p50.Round(time.Microsecond), r.one.rate, r.many.p50.Round(time.Microsecond), r.many.rate, ratio)
}

// serveAndLoad has a server serve on loopback to callers from alice's address.
func serveAndLoad(ctx context.Context, srv *http.Server, alice *testbed.Node, q request, each time.Duration) (row, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return row{}, err
	}
	go func() { _ = srv.Serve(from{l, alice.IPv4()}) }()
	defer srv.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	url := "http://" + l.Addr().String() + "/mcp"
	if _, err := load(ctx, c, url, q, 8, each/4); err != nil { // warm up
		return row{}, err
	}
	one, err := load(ctx, c, url, q, 1, each)
	if err != nil {
		return row{}, err
	}
	many, err := load(ctx, c, url, q, 32, each)
	return row{one, many, one.body}, err
}

// load keeps n requests in flight for a while.
func load(ctx context.Context, c *http.Client, url string, q request, n int, d time.Duration) (sample, error) {
	var (
		mu    sync.Mutex
		took  []time.Duration
		last  []byte
		first error
		wg    sync.WaitGroup
	)
	began := time.Now()
	for range n {
		wg.Go(func() {
			var own []time.Duration
			var answer []byte
			for time.Since(began) < d && ctx.Err() == nil {
				at := time.Now()
				body, err := q.send(ctx, c, url)
				if err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
					return
				}
				own = append(own, time.Since(at))
				answer = body
			}
			mu.Lock()
			defer mu.Unlock()
			took, last = append(took, own...), answer
		})
	}
	wg.Wait()
	if first != nil || len(took) == 0 {
		return sample{}, errors.Join(first, ctx.Err())
	}
	return sample{measure.Median(took), float64(len(took)) / time.Since(began).Seconds(), last}, nil
}
