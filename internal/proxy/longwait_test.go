// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/retry"
)

// memory is a listener without a network, so that a test can do without the
// clock: waiting for hours takes no time in it.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// dial connects to the listener.
func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.conns <- far:
		return near, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestPX13NoTimeLimit: a person who is asked something may take a day for the
// answer; and the stream of the session, on which nothing comes meanwhile
// (PX10), is the same afterwards.
func TestPX13NoTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered, news := make(chan struct{}), make(chan struct{})
		l := newMemory()
		s := serveOn(t, l, map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) {
			send := events(w)
			send("data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\",\"params\":{}}\n\n")
			<-answered
			send("data: " + result(in, `{}`) + "\n\n")
		}})
		s.get = func(w http.ResponseWriter, r *http.Request) {
			send := events(w)
			select {
			case <-news:
				send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n")
			case <-r.Context().Done():
			}
			<-r.Context().Done()
		}
		c := connectWith(t, Config{Server: mustURL(t, s.url()), Dial: l.dial})
		c.open()
		c.send(legacyCall("1", "ask"))
		c.method("elicitation/create")

		time.Sleep(24 * time.Hour)
		c.send(`{"jsonrpc":"2.0","id":"q","result":{"action":"accept"}}`)
		s.got("POST", "")
		close(answered)
		if f, bad := failureIn(t, c.answer("1")); bad {
			t.Errorf("got %+v, want a result", f)
		}
		close(news)
		c.method("notifications/tools/list_changed")
		if n := s.count(func(r received) bool { return r.verb == http.MethodGet }); n != 1 {
			t.Errorf("got %d GETs, want the one stream to be kept", n)
		}
	})
}

// TestPX10ForEver: a stream that a server has not is asked for again for a day
// on end, ever more seldom and never in step with other clients, and delivers
// once it is there.
func TestPX10ForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemory()
		s := serveOn(t, l, nil)
		back := time.Now().Add(24 * time.Hour)
		var asked []time.Time // one after another, as each waits for its answer
		s.get = func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, time.Now())
			if time.Now().Before(back) {
				http.Error(w, "not now", http.StatusServiceUnavailable)
				return
			}
			events(w)("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n")
			<-r.Context().Done()
		}
		c := connectWith(t, Config{Server: mustURL(t, s.url()), Dial: l.dial})
		c.open()
		time.Sleep(time.Until(back) + 2*retry.Longest)
		c.method("notifications/tools/list_changed")

		gaps := map[time.Duration]bool{}
		for i := range len(asked) - 1 {
			gap := asked[i+1].Sub(asked[i])
			if low, high := retry.First*3/4, retry.Longest*5/4; gap < low || gap > high {
				t.Errorf("GET %d: came %v after the one before, want between %v and %v", i+1, gap, low, high)
			}
			if asked[i].After(asked[0].Add(time.Hour)) && gap < retry.Longest*3/4 {
				t.Errorf("GET %d: came %v after the one before, want about %v by then", i+1, gap, retry.Longest)
			}
			gaps[gap] = true
		}
		if len(gaps) < len(asked)/2 {
			t.Errorf("got %d different pauses between %d GETs, want them to differ", len(gaps), len(asked))
		}
	})
}
