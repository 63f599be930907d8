// SPDX-License-Identifier: MIT

package local

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/tool"
)

type page struct {
	tool.Listed
	Peers []struct {
		ID, Name string
		Online   bool
		LastSeen time.Time
		Tags     []string
		User     string
	}
}

// all calls list_peers until the end.
func (b *bench) all() []page {
	b.t.Helper()
	var pages []page
	for cursor := ""; ; cursor = pages[len(pages)-1].NextCursor {
		arguments := fmt.Sprintf(`{"limit":400,"cursor":%q}`, cursor)
		var p page
		b.answer("list_peers", arguments, &p)
		if pages = append(pages, p); p.NextCursor == "" {
			return pages
		}
	}
}

func TestFiveThousandPeers(t *testing.T) {
	f := newFake(t)
	f.set(func() { f.large(5000) })
	b := newBench(t, f.node())

	seen := map[string]bool{}
	total := 0
	for _, p := range b.all() {
		total = p.Total
		for _, peer := range p.Peers {
			if seen[peer.ID] {
				t.Fatalf("%s is on two pages", peer.ID)
			}
			seen[peer.ID] = true
			if peer.Online == !peer.LastSeen.IsZero() {
				t.Errorf("%s: got online %v and lastSeen %v, want lastSeen when offline only", peer.Name, peer.Online, peer.LastSeen)
			}
			if (len(peer.Tags) > 0) == (peer.User != "") {
				t.Errorf("%s: got tags %v and user %q, want one of them", peer.Name, peer.Tags, peer.User)
			}
		}
	}
	if total != 5008 || len(seen) != 5008 {
		t.Errorf("got %d peers of %d, want 5008", len(seen), total)
	}

	for _, c := range []struct {
		name, filters string
		want          int
	}{
		{"online", `"online":true,`, 4292},
		{"offline", `"online":false,`, 716},
		{"tag", `"tag":"tag:fleet",`, 500},
		{"user", `"user":"user3@example.com",`, 500},
		{"os", `"os":"LINUX",`, 5006},
		{"name", `"name":"host-0004",`, 10},
		{"all filters at once", `"online":false,"tag":"fleet","name":"host","os":"linux","exitNodeOption":false,`, 71},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p page
			b.answer("list_peers", `{`+c.filters+`"limit":1}`, &p)
			if p.Total != c.want || len(p.Peers) != 1 {
				t.Errorf("got %d peers in all and %d here, want %d and 1", p.Total, len(p.Peers), c.want)
			}
		})
	}

	var st statusResult
	b.answer("get_tailnet_status", ``, &st)
	if st.Peers.Total != 5008 || st.Peers.Online+st.Peers.Offline != 5008 || st.Peers.Offline != 716 {
		t.Errorf("got counts %+v, want 5008 with 716 offline", st.Peers)
	}
	values, total, err := b.dispatcher.CompletePrompt(t.Context(), caller.Operator("admin@example.com"),
		gate.Request{Name: "diagnose_peer"}, "peer", "host-")
	if err != nil || len(values) != 100 || total != 5000 {
		t.Errorf("got %d of %d completions, %v; want 100 of 5000", len(values), total, err)
	}
}

func TestTooManyPeersAtOnce(t *testing.T) {
	f := newFake(t)
	f.set(func() { f.large(500) })
	b := newBench(t, f.node())
	var p page
	b.answer("list_peers", `{"limit":500,"fields":["all"]}`, &p)
	if p.Returned != len(p.Peers) || p.Returned < 10 || p.Returned >= 500 || p.NextCursor == "" {
		t.Errorf("got %d of %d peers, next %q: a page ends where an answer would be too large", p.Returned, p.Total, p.NextCursor)
	}
}

// A page begins after the last ID of the one before, whoever came or went.
func TestCursorOutlivesChange(t *testing.T) {
	f := newFake(t)
	b := newBench(t, f.node())
	var first, second page
	b.answer("list_peers", `{"limit":3}`, &first)
	f.set(func() { delete(f.status.Peer, nodeKey(4)) }) // the last of the first page
	b.answer("list_peers", fmt.Sprintf(`{"limit":3,"cursor":%q}`, first.NextCursor), &second)
	if first.Peers[2].ID != "n4CNTRL" || second.Peers[0].ID != "n5CNTRL" {
		t.Errorf("got %s, then %s; want n4CNTRL, then n5CNTRL", first.Peers[2].ID, second.Peers[0].ID)
	}
	if _, err := b.call("list_peers", fmt.Sprintf(`{"online":true,"cursor":%q}`, first.NextCursor)); code(err) != tool.CodeInvalidArgument {
		t.Errorf("with another filter: got %v, want code %s", err, tool.CodeInvalidArgument)
	}
}

// Those who ask together share one answer of tailscaled's, and none of them
// disturbs the others.
func TestConcurrentLists(t *testing.T) {
	f := newFake(t)
	f.set(func() { f.large(1000) })
	n := f.node()
	const callers = 30
	var wg sync.WaitGroup
	for range callers {
		b := newBench(t, n)
		wg.Go(func() {
			var p page
			b.answer("list_peers", `{"limit":400,"online":true}`, &p)
			if p.Returned != 400 {
				t.Errorf("got %d peers, want 400", p.Returned)
			}
		})
	}
	wg.Wait()
	if asked := f.asked("status"); asked >= callers {
		t.Errorf("tailscaled was asked %d times by %d callers, want fewer", asked, callers)
	}
}

// tailscaled leaves users who have just joined out of its status.
func TestUserWhoJustJoined(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		f.late = map[tailcfg.UserID]*tailcfg.UserProfile{50: {ID: 50, LoginName: "new@example.com"}}
		for i, name := range []string{"new-1", "new-2", "nobody"} {
			ps := peer(50+i, name, "linux", 50)
			if name == "nobody" {
				ps.UserID = 51 // of whom tailscaled knows nothing at all
			}
			f.status.Peer[ps.PublicKey] = ps
		}
	})
	b := newBench(t, f.node())
	var p page
	b.answer("list_peers", `{"user":"new@example.com"}`, &p)
	if p.Total != 2 || p.Peers[0].User != "new@example.com" {
		t.Errorf("got %+v, want both nodes of the new user", p)
	}
	if asked := f.asked("user-profile"); asked != 2 {
		t.Errorf("got %d questions about users, want one for each that is missing", asked)
	}
	var alone page
	b.answer("list_peers", `{"name":"nobody"}`, &alone)
	if alone.Total != 1 || alone.Peers[0].User != "" {
		t.Errorf("got %+v, want the node without a user", alone)
	}
}

// Of the exit node in use, what is said of it as a peer is the newest.
func TestExitNodeInUse(t *testing.T) {
	st := small().status
	st.Peer[nodeKey(5)].Online = false
	if got := exitNodeOf(st); got == nil || got.ID != "n5CNTRL" || got.Name != "router" || got.Online {
		t.Errorf("got %+v, want router offline", got)
	}
	st.Peer = nil
	if got := exitNodeOf(st); got == nil || got.ID != "n5CNTRL" || !got.Online {
		t.Errorf("without peers: got %+v, want n5CNTRL online", got)
	}
	st.ExitNodeStatus = nil
	if got := exitNodeOf(st); got != nil {
		t.Errorf("got %+v where none is in use", got)
	}
}

// What a page costs in a large tailnet: the whole status, whatever is shown.
func BenchmarkListFiveThousand(b *testing.B) {
	f := newFake(b)
	f.set(func() { f.large(5000) })
	bench := newBench(b, f.node())
	var p page
	for b.Loop() {
		bench.answer("list_peers", `{"online":true}`, &p)
	}
	b.ReportMetric(float64(len(f.encodeStatus(true))), "status-bytes")
}
