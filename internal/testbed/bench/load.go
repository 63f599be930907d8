// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/load"
)

// row is one line of the table.
type row struct{ one, many load.Sample }

func (r row) print(name string, floor time.Duration) {
	ratio := ""
	if floor > 0 {
		ratio = fmt.Sprintf("%.2f", float64(r.one.P50)/float64(floor))
	}
	fmt.Printf("%-44s %12s %12.0f %12s %12.0f %8s\n", name,
		r.one.P50.Round(time.Microsecond), r.one.Rate, r.many.P50.Round(time.Microsecond), r.many.Rate, ratio)
}

// serveAndLoad has a server serve on loopback to callers from alice's address.
func serveAndLoad(ctx context.Context, srv *http.Server, alice *testbed.Node, q load.Request, each time.Duration) (row, error) {
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
	ask := func(ctx context.Context) ([]byte, error) { return q.Send(ctx, c, url) }
	if _, err := load.Run(ctx, 8, each/4, ask); err != nil { // warm up
		return row{}, err
	}
	one, err := load.Run(ctx, 1, each, ask)
	if err != nil {
		return row{}, err
	}
	many, err := load.Run(ctx, 32, each, ask)
	return row{one, many}, err
}
