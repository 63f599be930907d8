// SPDX-License-Identifier: MIT

package localapi

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"tailscale.com/net/stun/stuntest"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/failure"
)

// derpMap is a map whose regions are STUN servers at these addresses.
func derpMap(stun ...*net.UDPAddr) *tailcfg.DERPMap {
	m := &tailcfg.DERPMap{Regions: map[int]*tailcfg.DERPRegion{}}
	for i, addr := range stun {
		id := i + 1
		m.Regions[id] = &tailcfg.DERPRegion{RegionID: id, RegionCode: "r" + string(rune('0'+id)), Nodes: []*tailcfg.DERPNode{{
			Name: string(rune('a' + i)), RegionID: id, HostName: "derp.invalid", IPv4: addr.IP.String(), IPv6: "none",
			STUNPort: addr.Port, STUNTestIP: addr.IP.String(), DERPPort: 1,
		}}}
	}
	return m
}

// netcheckOn is a Local on this machine's loopback, whose tailscaled has m.
func netcheckOn(t *testing.T, m *tailcfg.DERPMap) *Local {
	l := New(localServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/localapi/v0/derpmap" {
			_ = json.NewEncoder(w).Encode(m)
			return
		}
		_, _ = w.Write([]byte(runningStatus))
	}))
	// Sockets on loopback are not tied to the interface of the default route.
	l.bind = "127.0.0.1:0"
	return l
}

func TestNetcheck(t *testing.T) {
	a, stopA := stuntest.Serve(t)
	defer stopA()
	b, stopB := stuntest.Serve(t)
	defer stopB()
	l := netcheckOn(t, derpMap(a, b))
	found, err := l.Netcheck(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	if !found.UDP || !found.IPv4 || len(found.RegionLatency) != 2 || found.PreferredDERP == 0 || found.Took <= 0 {
		t.Errorf("got %+v, want UDP and two regions", found)
	}
	if varies, known := found.MappingVariesByDestIP.Get(); !known || varies {
		t.Errorf("got a mapping that varies %v (known %v), want one that does not", varies, known)
	}
	if got := found.GlobalV4.Addr().String(); got != "127.0.0.1" {
		t.Errorf("got public address %s, want 127.0.0.1", got)
	}
}

// Neither goroutines nor, since a goroutine closes each, sockets remain.
func TestNetcheckLeavesNothing(t *testing.T) {
	addr, stop := stuntest.Serve(t)
	defer stop()
	before := goleak.IgnoreCurrent()
	l := &Local{bind: "127.0.0.1:0"}
	for _, everyRegion := range []bool{false, true} {
		if _, err := l.probe(t.Context(), derpMap(addr), everyRegion); err != nil {
			t.Error(err)
		}
	}
	goleak.VerifyNone(t, before)
}

func TestNetcheckIsShared(t *testing.T) {
	t.Parallel() // it waits 3 s for the region that does not answer
	addr, stop := stuntest.Serve(t)
	defer stop()
	// A region that does not answer keeps the first run going while the others come.
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := netcheckOn(t, derpMap(addr, silent.LocalAddr().(*net.UDPAddr)))

	const callers = 8
	var wg sync.WaitGroup
	found := make([]*Netcheck, callers)
	began := time.Now()
	for i := range callers {
		wg.Go(func() {
			var err error
			if found[i], err = l.Netcheck(t.Context(), true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(began); took > netcheckTimeout+2*time.Second {
		t.Errorf("it took %v, want at most %v", took, netcheckTimeout)
	}
	for _, other := range found[1:] {
		if other != found[0] {
			t.Fatal("got different answers, want one for all")
		}
	}
	if got := len(found[0].RegionLatency); got != 1 {
		t.Errorf("got %d regions, want the one that answers", got)
	}
}

// Without any answer it ends within its bound, and says that nothing came.
func TestNetcheckWithoutUDP(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := netcheckOn(t, derpMap(silent.LocalAddr().(*net.UDPAddr)))
	found, err := l.Netcheck(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	// Root may send ICMP, which the kernel of this machine answers.
	if found.UDP || (found.PreferredDERP != 0 && !found.ICMPv4) || found.Took > netcheckTimeout+time.Second {
		t.Errorf("got UDP %v, region %d in %v; want nothing within %v", found.UDP, found.PreferredDERP, found.Took, netcheckTimeout)
	}
}

func TestNetcheckAbandoned(t *testing.T) {
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := netcheckOn(t, derpMap(silent.LocalAddr().(*net.UDPAddr)))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for l.checks.Waiting() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	began := time.Now()
	if _, err := l.Netcheck(ctx, false); failure.CodeOf(err) != failure.Cancelled {
		t.Errorf("got %v, want code %s", err, failure.Cancelled)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v to leave", took)
	}
}

func TestNetcheckWithoutMap(t *testing.T) {
	l := netcheckOn(t, &tailcfg.DERPMap{})
	if _, err := l.Netcheck(t.Context(), false); failure.CodeOf(err) != failure.UpstreamUnavailable {
		t.Errorf("got %v, want code %s", err, failure.UpstreamUnavailable)
	}
}
