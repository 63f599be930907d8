// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestPX6Chaos mixes everything that can go wrong at random: whatever happens,
// each request has one answer, or none when its client cancelled it. What that
// means is checked at the end of every test.
func TestPX6Chaos(t *testing.T) {
	const calls = 1500
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	pause := func(r *http.Request, d time.Duration) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	}
	tools := map[string]tool{
		"slow":    func(w http.ResponseWriter, r *http.Request, in received) { pause(r, 20*time.Millisecond); ok(w, r, in) },
		"reset":   func(w http.ResponseWriter, _ *http.Request, _ received) { cut(w) },
		"garbage": body(200, "application/json", "garbage"),
		"events": func(w http.ResponseWriter, r *http.Request, in received) {
			send := events(w)
			send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n")
			pause(r, 5*time.Millisecond)
			send("data: " + result(in, `{}`) + "\n\n")
		},
		"twice": func(w http.ResponseWriter, _ *http.Request, in received) {
			send := events(w)
			send("data: " + result(in, `{}`) + "\n\n")
			send("data: " + result(in, `{}`) + "\n\n")
		},
		"cut events": func(w http.ResponseWriter, _ *http.Request, _ received) {
			events(w)("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\ndata: {\"json")
			cut(w)
		},
		"cut numbered events": func(w http.ResponseWriter, _ *http.Request, _ received) {
			events(w)("id: 1\nretry: 20\ndata:\n\n")
			cut(w)
		},
		"short": func(w http.ResponseWriter, _ *http.Request, _ received) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
			cut(w)
		},
		"busy":    body(503, "text/plain", "busy"),
		"refused": rpcError(403, "403"),
	}
	names := []string{"fine"}
	for name := range tools {
		names = append(names, name)
	}
	s := serve(t, tools)
	c := connect(t, s.url())
	c.open()
	s.got("POST", "notifications/initialized")
	for i := range calls {
		id, name := fmt.Sprint(i), names[rnd.IntN(len(names))]
		if rnd.IntN(2) == 0 {
			c.send(legacyCall(id, name))
		} else {
			c.send(modernCall(id, name))
		}
		switch rnd.IntN(60) {
		case 0:
			s.forget()
		case 1:
			s.CloseClientConnections()
		case 2:
			c.send("nonsense")
		case 3:
			c.send(`{"jsonrpc":"2.0","method":"notifications/progress"}`)
		}
		if i%100 == 0 {
			c.answer(id) // do not run too far ahead
		}
	}
	for i := range calls {
		if i%100 != 0 {
			c.answer(fmt.Sprint(i))
		}
	}
}

// Cancelling at random moments never makes two answers of one.
func TestPX14CancelAtAnyMoment(t *testing.T) {
	const calls = 300
	s := serve(t, map[string]tool{"events": func(w http.ResponseWriter, _ *http.Request, in received) {
		events(w)("data: " + result(in, `{}`) + "\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	for i := range calls {
		id := fmt.Sprint(i)
		call := legacyCall(id, "events")
		if i%2 == 0 {
			call = modernCall(id, "events")
		}
		c.send(call)
		if i%3 == 0 {
			c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`)
		}
	}
	for i := range calls {
		if i%3 != 0 {
			c.answer(fmt.Sprint(i))
		}
	}
	// Those that were cancelled may have been answered before.
	if err := c.end(); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	got := map[string]int{}
	for _, l := range c.lines {
		got[answerTo(l)]++
	}
	for i := 0; i < calls; i += 3 {
		id := fmt.Sprint(i)
		if got[id] > 1 {
			t.Errorf("%s: got %d answers, want at most 1", id, got[id])
		}
		delete(c.asked, id)
	}
}

// More calls than the server is asked at the same time wait, and are asked.
func TestPX5MoreCallsThanSlots(t *testing.T) {
	const calls = maxSending + 100
	release := make(chan struct{})
	s := serve(t, map[string]tool{"slow": hang(release)})
	c := connect(t, s.url())
	c.open()
	for i := range calls {
		c.send(legacyCall(fmt.Sprint(i), "slow"))
	}
	for range maxSending {
		s.got("POST", "tools/call")
	}
	// One that waits for a slot can be cancelled, and notifications need none.
	c.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{}}`)
	s.got("POST", "notifications/progress")
	close(release)
	for i := range calls {
		if f, bad := failureIn(t, c.answer(fmt.Sprint(i))); bad {
			t.Errorf("%d: got %+v, want a result", i, f)
		}
	}
}
