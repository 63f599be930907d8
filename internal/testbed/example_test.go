// SPDX-License-Identifier: MIT

package testbed_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/testbed"
)

// A server that asks its tailscaled who is calling, and two callers of which one has a grant.
func Example() {
	ctx := context.Background()
	tn, err := testbed.Start(ctx, testbed.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer tn.Close()
	nodes, err := tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "server", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"},
		testbed.NodeOptions{Name: "phone", Login: "bob@example.com"},
	)
	if err != nil {
		log.Fatal(err)
	}
	server, laptop, phone := nodes[0], nodes[1], nodes[2]

	err = tn.SetGrants(ctx, server, testbed.Grant{
		Src:    []*testbed.Node{laptop},
		Cap:    "example.com/cap/thing",
		Values: []string{`{"verbs": ["look"]}`},
	})
	if err != nil {
		log.Fatal(err)
	}

	ln, err := server.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := server.LocalClient().WhoIs(r.Context(), r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		type entry struct{ Verbs []string }
		may, err := tailcfg.UnmarshalCapJSON[entry](who.CapMap, "example.com/cap/thing")
		fmt.Fprintln(w, who.UserProfile.LoginName, may, err)
	}))

	_, port, _ := net.SplitHostPort(ln.Addr().String())
	for _, caller := range []*testbed.Node{laptop, phone} {
		res, err := caller.HTTPClient().Get("http://" + net.JoinHostPort(server.FQDN(), port))
		if err != nil {
			log.Fatal(err)
		}
		answer, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Print(string(answer))
	}
	// Output:
	// alice@example.com [{[look]}] <nil>
	// bob@example.com [] <nil>
}
