// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
	"tailscale-mcp/internal/testbed/assistant/expect"
)

// networkTasks are about what happens on the network.
func networkTasks() []task {
	return []task{
		{15, "corp.internal does not resolve", "wiki.corp.internal does not resolve on ts-mcp. Why?", figures{"5", "1.8 kB", 5}, 1, resolve},
		{16, "direct or relayed", "Is the connection from this server to web-1 direct or relayed, and the one from web-2 to db-1?", figures{"1 or 2", "0.3 kB", 2}, 1, direct},
		{17, "flows of one device, last hour", "With whom did web-1 talk in the last hour, and how much?", figures{"3", "5 kB", 3}, 1, talk},
	}
}

// resolve has several causes: the host does not take the tailnet's DNS, its tailscaled has
// no device, and the resolver is behind a route that nobody has approved, which the second
// call finds.
func resolve(ctx context.Context, t *try) error {
	var got struct {
		Resolves bool
		Problems []string
		NotAsked string
		Rule     struct {
			Domain    string
			Resolvers []struct{ Address string }
		}
	}
	if err := t.alice().read(ctx, "query_dns", object{"name": "wiki.corp.internal"}, &got); err != nil {
		return err
	}
	const domain = "corp.internal"
	resolver := t.company.DNS.Split[domain][0]
	if got.Resolves || got.Rule.Domain != domain || len(got.Rule.Resolvers) != 1 || got.Rule.Resolvers[0].Address != resolver {
		return fmt.Errorf("the rule is told as %+v", got)
	}
	err := first(
		has("the problems", strings.Join(got.Problems, "\n"), "acceptDNS is off", "no approved route", resolver, "acceptRoutes is off"),
		has("why it was not asked", got.NotAsked, "userspace networking"),
	)
	if err != nil {
		return err
	}
	var routers listed
	if err := t.alice().read(ctx, "list_all_devices", object{"unapprovedRoutes": true}, &routers); err != nil {
		return err
	}
	var offering []string
	for _, d := range routers.Devices {
		if slices.ContainsFunc(d.UnapprovedRoutes, func(route string) bool {
			p, err := netip.ParsePrefix(route)
			return err == nil && p.Contains(netip.MustParseAddr(resolver))
		}) {
			offering = append(offering, label(d.Name))
		}
	}
	return same("who offers a route to the resolver", offering, expect.WaitingFor(t.company, resolver))
}

// direct is answered from this host about itself. About two others it has to be said where
// that is to be asked.
func direct(ctx context.Context, t *try) error {
	var got struct {
		Pings []struct{ Path, Error string }
	}
	if err := t.alice().read(ctx, "ping_peer", object{"peer": company.Web}, &got); err != nil {
		return err
	}
	want, err := t.st.path(ctx, company.Server, company.Web)
	if err != nil {
		return err
	}
	if n := len(got.Pings); n == 0 || got.Pings[n-1].Path != want {
		return fmt.Errorf("the pings are told as %+v, and the path is %s", got.Pings, want)
	}
	text, refused, err := t.alice().call(ctx, "explain_access", object{"source": "web-2", "destination": "db-1"})
	if err != nil || refused {
		return fmt.Errorf("explain_access: %s (%w)", text, err)
	}
	t.note = "of two others: ask there"
	return has("the answer", text, "tailscale ping", "on web-2")
}

// flow is one in an answer of list_flow_logs.
type flow struct {
	From, To       string
	Sent, Received int
}

// talk adds up the flows by who is at the other end.
func talk(ctx context.Context, t *try) error {
	var got struct {
		Flows      []flow
		NextCursor string
	}
	if err := t.alice().read(ctx, "list_flow_logs", object{"device": company.Web, "start": "-1h"}, &got); err != nil {
		return err
	}
	want, err := expect.Peers(t.company, company.Web, t.begun.Add(-time.Hour))
	if err != nil {
		return err
	}
	told := map[string]expect.Traffic{}
	for _, f := range got.Flows {
		from, to := named(f.From), named(f.To)
		if from != company.Web {
			to, f.Sent, f.Received = from, f.Received, f.Sent
		}
		sum := told[to]
		told[to] = expect.Traffic{Sent: sum.Sent + f.Sent, Received: sum.Received + f.Received}
	}
	if !maps.Equal(told, want) || got.NextCursor != "" {
		return fmt.Errorf("told are %+v, want %+v", told, want)
	}
	return nil
}

// named is the name of a device without its domain, or an address.
func named(end string) string {
	if _, err := netip.ParseAddr(end); err == nil {
		return end
	}
	return label(end)
}
