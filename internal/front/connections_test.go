// SPDX-License-Identifier: MIT

package front

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/caller"
)

// withBody is the head of a request with a body of that size.
func withBody(size int) string {
	return fmt.Sprintf("POST /work HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n", size)
}

const request = "POST /work HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"

// ask sends a request over a connection of its own and returns the status, or 0
// when it was reset.
func (b *bench) ask(c net.Conn) (status int, closes bool) {
	b.t.Helper()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(c, request)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, true
	}
	_, _ = io.Copy(io.Discard, r.Body)
	return r.StatusCode, r.Close
}

// open opens n connections from addr, identified if ask says so.
func (b *bench) open(addr string, n int, ask bool) (statuses map[int]int) {
	b.t.Helper()
	statuses = map[int]int{}
	for range n {
		c := b.dial(addr)
		if ask {
			status, _ := b.ask(c)
			statuses[status]++
		}
	}
	return statuses
}

// TestConnectionsOfAnAddress: those over the limit are told so and closed, those
// far over are reset, and neighbours are served.
func TestConnectionsOfAnAddress(t *testing.T) {
	b := newBench(t, Limits{Connections: 10})
	b.grant(alice, bob)
	b.open(alice, 10, false) // nothing is known of their caller yet
	await(t, "the connections to be taken in", func() bool { return b.Stats().Connections == 10 })
	c := b.dial(alice)
	if status, closes := b.ask(c); status != 429 || !closes {
		t.Errorf("one more got %d (closed %v), want 429 and the end", status, closes)
	}
	await(t, "the one more to end", func() bool { return b.Stats().Connections == 10 }) // a moment after its answer
	b.open(alice, spare, false)
	await(t, "the spare ones to be taken in", func() bool { return b.Stats().Connections == 10+spare })
	if status, _ := b.ask(b.dial(alice)); status != 0 {
		t.Errorf("far over the limit got %d, want a reset", status)
	}
	if status, _ := b.ask(b.dial(bob)); status != 200 {
		t.Errorf("the neighbour got %d", status)
	}
}

// TestConnectionsOfACaller: one node has several addresses, and all count.
func TestConnectionsOfACaller(t *testing.T) {
	b := newBench(t, Limits{})
	if got := b.open(eve, 12, true); got[200] != 8 || got[429] != 4 {
		t.Errorf("without a grant 12 connections got %v, want 8 served and 4 refused", got)
	}
	await(t, "the refused ones to end", func() bool { return b.Stats().Connections == 8 })
}

// TestLoopback: with userspace networking everybody comes from loopback. Callers
// have their limits once they are known; before, a new one takes the place of the
// one that has said nothing for longest.
func TestLoopback(t *testing.T) {
	b := newBench(t, Limits{})
	b.grant("127.0.0.1")
	if got := b.open("127.0.0.1", 40, true); got[200] != 40 {
		t.Errorf("40 of one caller got %v", got)
	}
	b.open("127.0.0.1", 2*mostUnidentified, false)
	await(t, "the silent ones to be bounded", func() bool {
		s := b.Stats()
		return s.Unidentified == mostUnidentified && b.refusedBy("connections") == mostUnidentified
	})
	if status, _ := b.ask(b.dial("127.0.0.1")); status != 200 {
		t.Errorf("behind silent ones got %d", status)
	}
}

// TestAskingDoesNotGiveWay: a request whose caller is being identified stays, whatever
// number of connections comes after it and says nothing.
func TestAskingDoesNotGiveWay(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	b := newBench(t, Limits{}, func(o *Options) {
		resolve := o.Resolve
		o.Resolve = func(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
			close(asked)
			<-answer
			return resolve(ctx, remote)
		}
	})
	b.grant("127.0.0.1")
	status := make(chan int, 1)
	go func() {
		got, _ := b.ask(b.dial("127.0.0.1"))
		status <- got
	}()
	<-asked
	b.open("127.0.0.1", 2*mostUnidentified, false)
	await(t, "the silent ones to be bounded", func() bool { return b.refusedBy("connections") == mostUnidentified+1 })
	close(answer)
	if got := <-status; got != 200 {
		t.Errorf("the request that came first got %d", got)
	}
}

// TestGoodConnectionsStay: one connection too many costs that one, not those that
// were within the limit.
func TestGoodConnectionsStay(t *testing.T) {
	b := newBench(t, Limits{Connections: 4})
	b.grant("127.0.0.1")
	var within []net.Conn
	for range 4 {
		c := b.dial("127.0.0.1")
		if status, _ := b.ask(c); status != 200 {
			t.Fatalf("within the limit got %d", status)
		}
		within = append(within, c)
	}
	for range 3 {
		if status, closes := b.ask(b.dial("127.0.0.1")); status != 429 || !closes {
			t.Errorf("one more got %d (closed %v)", status, closes)
		}
		for _, c := range within {
			if status, closes := b.ask(c); status != 200 || closes {
				t.Errorf("a connection within the limit got %d (closed %v)", status, closes)
			}
		}
	}
}

// TestHealthKeepsNothing: who is not identified does not keep a connection.
func TestHealthKeepsNothing(t *testing.T) {
	b := newBench(t, Limits{})
	for _, text := range []string{
		"GET /healthz HTTP/1.1\r\nHost: anything\r\n\r\n", "GET /other HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"POST /work HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
	} {
		c := b.dial(eve)
		_, _ = io.WriteString(c, text)
		if all, err := io.ReadAll(c); err != nil || !strings.Contains(string(all), "Connection: close") {
			t.Errorf("%q: %v, %q", text, err, all)
		}
	}
	c := b.dial("192.0.2.1")
	if status, closes := b.ask(c); status != 403 || !closes {
		t.Errorf("nobody got %d (closed %v)", status, closes)
	}
}

// TestIdleGiveWay: of too many idle connections those of whoever has most go, and
// the others keep theirs.
func TestIdleGiveWay(t *testing.T) {
	b := newBench(t, Limits{Connections: mostIdle, Rate: 10_000})
	b.grant(alice, bob)
	kept := b.dial(alice)
	if status, _ := b.ask(kept); status != 200 {
		t.Fatal("not served")
	}
	for range mostIdle + 20 {
		b.ask(b.dial(bob))
	}
	// A connection is idle a moment after its answer is there.
	await(t, "an idle connection to be closed", func() bool { return b.refusedBy("idle") > 0 })
	await(t, "the idle ones to be bounded", func() bool { return b.Stats().Idle <= mostIdle })
	if status, _ := b.ask(kept); status != 200 {
		t.Errorf("a neighbour's idle connection got %d", status)
	}
}

// TestProcessIsBounded: whoever has most connections of all gives way, whoever
// comes new with fewer does not.
func TestProcessIsBounded(t *testing.T) {
	b := newBench(t, Limits{Connections: 300, Rate: 10_000})
	for i := range 4 {
		b.open(fmt.Sprintf("100.64.1.%d", i), 300, false)
	}
	await(t, "the connections to be bounded", func() bool { return b.Stats().Connections == mostConnections })
	b.grant(alice)
	for range 20 {
		if status, _ := b.ask(b.dial(alice)); status != 200 {
			t.Fatalf("the twentieth address got %d", status)
		}
	}
	await(t, "those that gave way to be closed", func() bool { return b.Stats().Connections <= mostConnections })
}

// TestBodiesAreBounded: one caller has a quarter of what bodies may take, whether
// they are announced or not, and another goes on.
func TestBodiesAreBounded(t *testing.T) {
	b := newBench(t, Limits{Rate: 10_000})
	b.grant(alice, bob)
	const size = 1 << 20
	head, part := withBody(size), strings.Repeat(" ", size-1)
	for range 32 {
		c := b.dial(alice)
		_, _ = io.WriteString(c, head)
		_, _ = io.WriteString(c, part)
	}
	await(t, "bodies to be refused", func() bool { return b.refusedBy("body") > 0 })
	if got := b.Stats().BodyBytes; got > mostBodyBytes/4 {
		t.Errorf("one caller holds %d MiB of bodies, want at most %d", got>>20, mostBodyBytes>>22)
	}
	b.post(b.client(bob), "", strings.Repeat(" ", 2<<20)).served(t)
}

// TestSmallBodiesGetThrough: callers who hold all that bodies may take keep nobody
// from sending a small one.
func TestSmallBodiesGetThrough(t *testing.T) {
	b := newBench(t, Limits{Rate: 10_000})
	b.grant(alice, bob, "100.64.1.0", "100.64.1.1", "100.64.1.2", "100.64.1.3")
	const size = 4 << 20
	head, part := withBody(size), strings.Repeat(" ", size-1)
	for i := range 4 * 4 {
		c := b.dial(fmt.Sprintf("100.64.1.%d", i%4))
		_, _ = io.WriteString(c, head)
		_, _ = io.WriteString(c, part)
	}
	await(t, "the budget to be used up", func() bool { return b.Stats().BodyBytes > mostBodyBytes-(1<<20) })
	b.post(b.client(alice), "", strings.Repeat(" ", 100<<10)).over(t, "body", "")
	b.post(b.client(bob), "", strings.Repeat(" ", 60<<10)).served(t)
}
