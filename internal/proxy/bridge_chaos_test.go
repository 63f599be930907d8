// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
)

// TestPX6ChaosBridged mixes everything that can go wrong in a bridge at random,
// and ends at a random moment: each request has one answer, or at most one when
// its client cancelled it.
func TestPX6ChaosBridged(t *testing.T) {
	const rounds, calls = 4, 150
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			chaosBridged(t, rand.New(rand.NewPCG(seed, 1)), calls)
		})
	}
}

func chaosBridged(t *testing.T, rnd *rand.Rand, calls int) {
	wants := func(inputs string) tool {
		return func(w http.ResponseWriter, r *http.Request, in received) {
			if said(t, in).Params.InputResponses == nil {
				reply(w, in, `{"resultType":"input_required","inputRequests":{`+inputs+`}}`)
				return
			}
			ok(w, r, in)
		}
	}
	tools := map[string]tool{
		"one":   wants(`"a":{"method":"roots/list"}`),
		"three": wants(`"a":{"method":"roots/list"},"b":{"method":"roots/list"},"c":{"method":"elicitation/create","params":{}}`),
		"other": wants(`"a":{"method":"no/such"}`),
		"poll": func(w http.ResponseWriter, r *http.Request, in received) {
			if said(t, in).Params.RequestState == nil {
				reply(w, in, `{"resultType":"input_required","requestState":"s"}`)
				return
			}
			ok(w, r, in)
		},
		"dies in the second round": func(w http.ResponseWriter, r *http.Request, in received) {
			if said(t, in).Params.InputResponses != nil {
				cut(w)
				return
			}
			wants(`"a":{"method":"roots/list"}`)(w, r, in)
		},
		"reset":   func(w http.ResponseWriter, _ *http.Request, _ received) { cut(w) },
		"garbage": body(200, "application/json", "garbage"),
		"events": func(w http.ResponseWriter, _ *http.Request, in received) {
			send := events(w)
			send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n")
			send("data: " + result(in, `{}`) + "\n\n")
		},
		"twice": func(w http.ResponseWriter, _ *http.Request, in received) {
			send := events(w)
			send("data: " + result(in, `{}`) + "\n\n")
			send("data: " + result(in, `{}`) + "\n\n")
		},
		"fine": ok,
	}
	var names []string
	for name := range tools {
		names = append(names, name)
	}
	s := serveModern(t, tools)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		switch time.Now().UnixNano() % 4 {
		case 0:
			cut(w)
		case 1:
			send := events(w)
			acknowledge(send, in)
			send("data: " + result(in, `{}`) + "\n\n")
		default:
			subscribed(w, r, in)
		}
	}
	c := connect(t, s.url(), drain(time.Duration(rnd.IntN(500))*time.Millisecond), func(r *relay) { r.answerTime = patience })
	c.send(asking, greeting)
	c.answer(`"init"`)

	// A person who answers what is asked, in one of many ways.
	done, answers := make(chan struct{}), rand.New(rand.NewPCG(rnd.Uint64(), 2))
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			c.mu.Lock()
			for i >= len(c.lines) && !c.eof {
				c.cond.Wait()
			}
			if i >= len(c.lines) {
				c.mu.Unlock()
				return
			}
			l := c.lines[i]
			c.mu.Unlock()
			var m struct {
				ID     json.RawMessage
				Method string
			}
			if json.Unmarshal([]byte(l), &m) != nil || m.Method == "" || m.ID == nil {
				continue
			}
			fine := `{"jsonrpc":"2.0","id":` + string(m.ID) + `,"result":{"roots":[]}}` + "\n"
			switch answers.IntN(5) {
			case 0:
				fine = `{"jsonrpc":"2.0","id":` + string(m.ID) + `,"error":{"code":-1,"message":"no"}}` + "\n"
			case 1:
				fine += fine
			case 2:
				continue // nobody is here
			}
			if _, err := c.stdin.Write([]byte(fine)); err != nil {
				return
			}
		}
	}()
	cancelled := map[string]bool{}
	for i := range calls {
		id := fmt.Sprint(i)
		switch rnd.IntN(12) {
		case 0:
			c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"resources/subscribe","params":{"uri":"test://%d"}}`, id, rnd.IntN(5)))
		case 1:
			c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"resources/unsubscribe","params":{"uri":"test://%d"}}`, id, rnd.IntN(5)))
		case 2:
			c.send(strings.Replace(asking, `"init"`, id, 1), greeting)
		default:
			c.send(legacyCall(id, names[rnd.IntN(len(names))]))
		}
		switch rnd.IntN(20) {
		case 0:
			s.CloseClientConnections()
		case 1, 2, 3:
			victim := fmt.Sprint(rnd.IntN(i + 1))
			cancelled[victim] = true
			c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + victim + `}}`)
		}
	}
	if err := c.end(); err != nil {
		t.Fatal(err)
	}
	<-done
	c.mu.Lock()
	defer c.mu.Unlock()
	got := map[string]int{}
	for _, l := range c.lines {
		if f, bad := failureIn(t, l); bad && f.Code == fault.CodeInternal {
			t.Errorf("got %s, want no defect", l)
		}
		got[answerTo(l)]++
	}
	for id := range cancelled {
		if got[id] > 1 {
			t.Errorf("%s: got %d answers, want at most 1", id, got[id])
		}
		delete(c.asked, id)
	}
}
