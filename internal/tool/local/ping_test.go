// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/tool"
)

func TestPingPaths(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.ping = func(ip netip.Addr, kind string, nth int) *ipnstate.PingResult {
			r := &ipnstate.PingResult{IP: ip.String(), NodeName: "web-1", LatencySeconds: 0.05 / float64(nth)}
			switch nth {
			case 1:
				r.DERPRegionID, r.DERPRegionCode = 4, "fra"
			case 2:
				r.PeerRelay = "198.51.100.2:7777:vni:3"
			case 3:
				return nil
			case 4:
				r.Endpoint = "203.0.113.5:41641"
			}
			return r
		}
	})
	b := newBench(t, f.node())
	answer, err := b.call("ping_peer", `{"peer":"web-1","count":5}`)
	golden(t, "ping-paths", answer, err)
	want := []string{
		"answer in 50 ms, derp via fra", "answer in 25 ms, peer-relay via 198.51.100.2:7777:vni:3", "no answer within 1s",
		"answer in 12.5 ms, direct via 203.0.113.5:41641", "answer in 10 ms",
	}
	if got := strings.Join(b.progress, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got progress\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestPingNotes(t *testing.T) {
	for _, c := range []struct {
		name, arguments string
		ping            *ipnstate.PingResult
		want            string
	}{
		{"offline", `{"peer":"web-2","count":1}`, nil, "has not seen this node since 2025-01-02T03:04:05Z"},
		{"expired", `{"peer":"phone","count":1}`, nil, "key of this node has expired"},
		{"silent to ICMP", `{"peer":"web-1","count":1,"type":"ICMP"}`, nil, "disco needs neither"},
		{"relayed", `{"peer":"web-1","count":1}`, &ipnstate.PingResult{LatencySeconds: 0.1, DERPRegionID: 4}, "DERP region 4;"},
		{"direct", `{"peer":"web-1","count":1}`, &ipnstate.PingResult{LatencySeconds: 0.1, Endpoint: "203.0.113.5:1"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFake(t)
			f.set(func() { f.ping = func(netip.Addr, string, int) *ipnstate.PingResult { return c.ping } })
			var got pingResult
			newBench(t, f.node()).answer("ping_peer", c.arguments, &got)
			if !strings.Contains(got.Note, c.want) || (c.want == "") != (got.Note == "") {
				t.Errorf("got note %q, want one with %q", got.Note, c.want)
			}
			if got.Sent != 1 || len(got.Pings) != 1 {
				t.Errorf("got %d pings sent and %d told, want 1", got.Sent, len(got.Pings))
			}
		})
	}
}

func TestPingWhatTailscaledRefuses(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.ping = func(ip netip.Addr, _ string, _ int) *ipnstate.PingResult {
			if ip == v4(1) {
				return &ipnstate.PingResult{Err: "is local Tailscale IP", IsLocalIP: true}
			}
			return &ipnstate.PingResult{Err: "no matching\npeer"}
		}
		// The host has an address that its own status does not tell yet.
		f.status.Self.TailscaleIPs = f.status.Self.TailscaleIPs[:1]
	})
	b := newBench(t, f.node())
	if _, err := b.call("ping_peer", `{"peer":"10.9.9.9"}`); code(err) != string(failure.NotFound) {
		t.Errorf("an address that nobody routes: got %v, want code %s", err, failure.NotFound)
	}
	if _, err := b.call("ping_peer", `{"peer":"100.64.0.1"}`); code(err) != tool.CodeInvalidArgument {
		t.Errorf("an address of this host: got %v, want code %s", err, tool.CodeInvalidArgument)
	}
	var got pingResult
	b.answer("ping_peer", `{"peer":"web-1","count":10}`, &got)
	if got.Sent != 1 || got.Received != 0 || got.Pings[0].Error != "no matching peer" {
		t.Errorf("a known peer: got %+v, want it to end after the first", got)
	}
}

// Ten pings without an answer stay within the bound of the tool.
func TestPingIsBounded(t *testing.T) {
	n := Tools(socket.Client("/nowhere"))
	for _, d := range n.Tools {
		if d.Name == "ping_peer" && d.Timeout < 10*5*time.Second+10*time.Second {
			t.Errorf("got bound %v, want room for ten pings of 5s and a status", d.Timeout)
		}
	}

	f := newFake(t)
	f.set(func() { f.ping = func(netip.Addr, string, int) *ipnstate.PingResult { return nil } })
	host := f.node()
	host.pingTimeout = 20 * time.Millisecond
	b := newBench(t, host)
	began := time.Now()
	var got pingResult
	b.answer("ping_peer", `{"peer":"web-1","count":10}`, &got)
	if took := time.Since(began); got.Sent != 10 || got.Received != 0 || took < 200*time.Millisecond || took > 10*time.Second {
		t.Errorf("got %d sent, %d received in %v; want 10, 0 in about 200ms", got.Sent, got.Received, took)
	}
}

func TestPingCancelledBetween(t *testing.T) {
	f := newFake(t)
	host := f.node()
	host.pingEvery = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	f.set(func() {
		f.ping = func(ip netip.Addr, _ string, _ int) *ipnstate.PingResult {
			// The pause begins when this is answered.
			time.AfterFunc(10*time.Millisecond, cancel)
			return &ipnstate.PingResult{IP: ip.String(), LatencySeconds: 0.001}
		}
	})
	b := newBench(t, host)
	if _, err := b.callContext(ctx, "ping_peer", `{"peer":"web-1"}`); code(err) != tool.CodeCancelled {
		t.Errorf("got %v, want code %s", err, tool.CodeCancelled)
	}
}

func TestPingKinds(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.ping = func(ip netip.Addr, kind string, _ int) *ipnstate.PingResult {
			return &ipnstate.PingResult{IP: ip.String(), LatencySeconds: 1e-9, NodeName: kind}
		}
	})
	b := newBench(t, f.node())
	for _, kind := range []string{"disco", "TSMP", "ICMP"} {
		var got pingResult
		b.answer("ping_peer", fmt.Sprintf(`{"peer":"10.0.0.9","type":%q,"count":1}`, kind), &got)
		if got.Type != kind || got.Peer.Name != kind || got.Pings[0].LatencyMs == 0 {
			t.Errorf("got %+v, want a ping of type %s with a latency", got, kind)
		}
	}
}
