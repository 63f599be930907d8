// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/types/dnstype"

	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed"
)

// TestRootQueryDNS asks the resolver of a real tailscaled, at 100.100.100.100 behind a
// real network interface.
func TestRootQueryDNS(t *testing.T) {
	testbed.RequireNamespaces(t)
	const extra = "db." + testbed.DefaultDomain
	tn := testbed.New(t, testbed.Options{Namespaces: true, DNS: &tailcfg.DNSConfig{
		Proxied: true, Domains: []string{testbed.DefaultDomain},
		Routes:       map[string][]*dnstype.Resolver{"corp.internal": {{Addr: "10.40.0.53"}}},
		ExtraRecords: []tailcfg.DNSRecord{{Name: extra, Value: "100.64.0.77"}},
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	nodes, err := tn.AddNodes(ctx, testbed.NodeOptions{Name: "mcp", Tags: []string{"tag:mcp"}}, testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	host, laptop := nodes[0], nodes[1]
	b := newBench(t, &node{tailscaled: localapi.New(socket.Client(host.Socket)), dial: host.Dial, networks: noNetworks})
	value := func(q queryResult) (values []string) {
		for _, r := range q.Records {
			values = append(values, r.Value)
		}
		return values
	}
	for _, c := range []struct{ arguments, kind, code, value string }{
		{`{"name":"laptop"}`, "MagicDNS name", "NOERROR", laptop.IPv4().String()},
		{`{"name":"` + laptop.IPv4().String() + `","type":"PTR"}`, "MagicDNS name", "NOERROR", laptop.FQDN()},
		{`{"name":"` + extra + `"}`, "extra record", "NOERROR", "100.64.0.77"},
	} {
		var got queryResult
		b.check(t, "query_dns", c.arguments, &got)
		if got.Rule.Kind != c.kind || got.Code != c.code || !slices.Equal(value(got), []string{c.value}) || got.Resolver != "100.100.100.100" || got.NotAsked != "" {
			t.Errorf("%s: got %+v, want %s by %s", c.arguments, got, c.value, c.kind)
		}
	}
	// The nodes of a testbed accept no DNS, nor is there a route: both are named.
	var got queryResult
	b.check(t, "query_dns", `{"name":"www.corp.internal"}`, &got)
	problems := strings.Join(got.Problems, "\n")
	if got.Code != "SERVFAIL" || got.Resolves || got.Rule.Domain != "corp.internal" || !strings.Contains(problems, "acceptDNS is off") || !strings.Contains(problems, "no approved route of the tailnet leads to the resolver 10.40.0.53") {
		t.Errorf("got %+v, want the causes", got)
	}
}
