// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/tool"
)

// Every tool against a real tailscaled in a tailnet of a person's laptop, a
// tagged server and a few hundred others.
func TestRealTailscaled(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short, and this runs tailscaled")
	}
	tn := testbed.New(t, testbed.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	nodes, err := tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"},
	)
	if err != nil {
		t.Fatal(err)
	}
	host, laptop := nodes[0], nodes[1]
	if _, err := tn.AddFakePeers(ctx, 300); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, &node{tailscaled: localapi.New(socket.Client(host.Socket)), pingEvery: 50 * time.Millisecond, pingTimeout: 5 * time.Second, networks: noNetworks})

	var st statusResult
	b.check(t, "get_tailnet_status", ``, &st)
	if st.State != "Running" || st.Networking != "userspace" || st.MagicDNSSuffix != tn.Domain() || st.Self == nil || st.Peers.Total != 301 {
		t.Errorf("got status %+v, want Running with 301 peers in %s", st, tn.Domain())
	}
	if st.Self != nil && (st.Self.Name != "mcp" || st.Self.ID != host.StableID() || !slices.Equal(st.Self.Tags, []string{"tag:mcp"}) ||
		!slices.Contains(st.Self.Addresses, host.IPv4().String()) || !st.Self.Online) {
		t.Errorf("got self %+v, want %s at %v", st.Self, host.FQDN(), host.IPv4())
	}

	type list struct {
		tool.Listed
		Peers []Peer `json:"peers"`
	}
	var peers list
	b.check(t, "list_peers", `{"user":"alice@example.com","online":true}`, &peers)
	if peers.Total != 1 || peers.Peers[0].Name != "laptop" || peers.Peers[0].ID != laptop.StableID() || peers.Peers[0].User != "alice@example.com" {
		t.Errorf("got peers %+v, want laptop alone", peers)
	}
	var offline list
	b.check(t, "list_peers", `{"name":"fake","online":false}`, &offline)
	if offline.Total != 300/7 {
		t.Errorf("got %d fake peers offline, want %d", offline.Total, 300/7)
	}
	for _, p := range offline.Peers {
		if p.LastSeen.IsZero() || (p.User == "") != (len(p.Tags) > 0) {
			t.Errorf("got %+v, want when it was last seen, and a user or tags", p)
		}
	}

	var who whoIsResult
	b.check(t, "get_whois", `{"address":"`+laptop.IPv4().String()+`:12345"}`, &who)
	if who.User != "alice@example.com" || who.Node.Name != laptop.FQDN() || who.Node.ID != laptop.StableID() {
		t.Errorf("got %+v, want alice on %s", who, laptop.FQDN())
	}

	for _, kind := range []string{"disco", "TSMP", "ICMP"} {
		var ping pingResult
		b.check(t, "ping_peer", `{"peer":"laptop","count":2,"type":"`+kind+`"}`, &ping)
		if ping.Received == 0 || ping.MinMs <= 0 || kind == "disco" && ping.Pings[0].Path == "" {
			t.Errorf("got %+v, want answers to %s", ping, kind)
		}
	}
	if _, err := b.call("ping_peer", `{"peer":"mcp"}`); code(err) != tool.CodeInvalidArgument {
		t.Errorf("pinging itself: got %v, want code %s", err, tool.CodeInvalidArgument)
	}

	var check netcheckResult
	b.check(t, "run_netcheck", ``, &check)
	if len(check.Regions)+len(check.Unanswered) == 0 || check.DurationSeconds > 8 {
		t.Errorf("got %+v, want the region of this tailnet within 8 s", check)
	}

	var dns dnsResult
	b.check(t, "get_node_dns", ``, &dns)
	if !dns.MagicDNS || dns.MagicDNSSuffix != tn.Domain() || dns.Name != host.FQDN() {
		t.Errorf("got %+v, want MagicDNS for %s", dns, host.FQDN())
	}
	// Behind a tailscaled without a network interface nobody is asked.
	var query queryResult
	b.check(t, "query_dns", `{"name":"laptop"}`, &query)
	if query.Rule.Kind != "MagicDNS name" || query.Rule.Domain != laptop.FQDN() || !strings.Contains(query.NotAsked, "userspace networking") || query.Resolves {
		t.Errorf("got %+v, want the rule, and why it was not asked", query)
	}
	var serve serveResult
	b.check(t, "get_serve_config", ``, &serve)
	if len(serve.Endpoints) != 0 {
		t.Errorf("got %+v, want nothing served", serve)
	}
	var exit exitNodeResult
	if _, err := b.call("suggest_exit_node", ``); err == nil {
		b.check(t, "suggest_exit_node", ``, &exit)
		if exit.Suggestion != nil {
			t.Errorf("got %+v, want no suggestion where there is no exit node", exit.Suggestion)
		}
	} else if !strings.Contains(err.Error(), "no preferred DERP") {
		t.Errorf("got %v, want no suggestion, or none before the first netcheck", err)
	}
	var prefs prefsResult
	b.check(t, "get_node_preferences", ``, &prefs)
	if !prefs.WantRunning || prefs.Hostname != "mcp" || !slices.Equal(prefs.AdvertiseTags, []string{"tag:mcp"}) {
		t.Errorf("got %+v, want those of mcp", prefs)
	}
	var lock lockResult
	b.check(t, "get_tailnet_lock_status", ``, &lock)
	if lock.Enabled || !strings.HasPrefix(lock.NodeKey, "nodekey:") {
		t.Errorf("got %+v, want no lock and the node's key", lock)
	}

	if err := host.LogOut(ctx); err != nil {
		t.Fatal(err)
	}
	refuses(t, b, failure.Unauthenticated, "tailscale up", "get_tailnet_status", "get_node_preferences", "get_serve_config")
	if err := host.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	refuses(t, b, failure.UpstreamUnavailable, "systemctl start tailscaled")
}

// check is answer for an answer that also has to fit its schema.
func (b *bench) check(t *testing.T, name, arguments string, into any) {
	t.Helper()
	var text json.RawMessage
	b.answer(name, arguments, &text)
	fits(t, b, name, text)
	if err := json.Unmarshal(text, into); err != nil {
		t.Errorf("%s: %v in %s", name, err, text)
	}
	t.Logf("%s %s: %s", name, arguments, text)
}
