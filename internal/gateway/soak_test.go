// SPDX-License-Identifier: MIT

package gateway_test

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/upstream/servers"
)

var soak = flag.Duration("soak", 3*time.Second, "how long TestSoak goes on")

// unlimited lifts the limits that are for how often clients ask.
func unlimited(s *servers.Options, f *front.Options) {
	s.Burst = 1000
	s.Log = slog.New(slog.DiscardHandler) // the test would keep it all
	f.Limits = front.Limits{Connections: -1, Calls: -1, Streams: -1, Rate: -1}
}

// TestSoak: while servers are killed, hang, flood and write rubbish, and clients of both
// eras leave at random, every request that is waited for is answered once, with what is its
// own; in the end nothing is left.
func TestSoak(t *testing.T) {
	length := *soak
	b := newBench(t, unlimited)
	b.Odd("odd", `{"timeout":"2s","idle":"10s"}`)
	b.Odd("newer", `{"timeout":"2s","idle":"10s"}`, "-modern")
	b.Odd("joint", `{"timeout":"2s","instance":"shared"}`)
	names := []string{"odd", "newer", "joint"}
	for _, name := range names {
		b.approve(t, name, nil)
	}
	for _, login := range people {
		b.grant(login, `{"tools":["odd/*","newer/*","joint/*"],"resources":["odd/*","newer/*","joint/*"]}`)
	}
	routines, files, memory := runtime.NumGoroutine(), open(t), heap()
	var answered, failed, gone atomic.Int64
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(length / 8): // how often is what is tested
				b.Kill()
			}
		}
	})
	for i := range 12 {
		c := b.alice()
		if i%2 == 1 {
			c = b.bob()
		}
		server := names[i%len(names)]
		switch i % 4 {
		case 0, 1:
			c = c.begin(t, server)
		case 2:
			c.modern = true
		}
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c.soak(t, server, n, &answered, &failed, &gone)
			}
		})
	}
	all.Wait()
	t.Logf("%d answered, %d of them with an error, %d left", answered.Load(), failed.Load(), gone.Load())
	if answered.Load() < 20 {
		t.Error("that is too few to show anything")
	}
	for _, c := range []client{b.alice(), b.bob()} {
		for _, name := range names {
			// One that has died often is not started for a minute.
			within(t, 90*time.Second, name+" to serve after all that", func() bool {
				return strings.Contains(c.call(t, name, "echo", map[string]any{"x": "y"}), `{\"x\":\"y\"}`)
			})
		}
	}
	b.servers.Close()
	eventually(t, "no launcher to be left", func() bool { n, _ := b.Running(); return n == 0 })
	// What serves a connection may still be ending.
	b.audit.Forget()
	if now := heap(); now > memory+16<<20 {
		t.Errorf("%d MiB are in use at rest, before %d", now>>20, memory>>20)
	}
	eventually(t, "no goroutine and no descriptor to be left", func() bool { return runtime.NumGoroutine() <= routines+4 && open(t) <= files+4 })
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// open is how many descriptors this process has.
func open(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil && runtime.GOOS == "linux" {
		t.Error(err)
	}
	return len(all)
}

// soak sends one request of a random kind, and leaves before the answer now and then.
func (c client) soak(t *testing.T, server string, n int, answered, failed, gone *atomic.Int64) {
	tools := []string{"echo", "echo", "echo", "count", "progress", "log", "touch", "rubbish", "stray", "refuse", "ask", "retool", "relist"}
	if rand.IntN(100) == 0 { //nolint:gosec // nobody guesses
		tools = []string{"exit", "die", "flood", "hang"} // who dies often is not started for a while
	}
	tool := tools[rand.IntN(len(tools))] //nolint:gosec // as above
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if rand.IntN(8) == 0 { //nolint:gosec // as above
		time.AfterFunc(time.Duration(rand.IntN(20))*time.Millisecond, cancel) //nolint:gosec // as above
	}
	mark := people[c.from] + " " + server
	params := map[string]any{"name": tool, "arguments": map[string]any{"mark": mark, "n": n, "method": "roots/list"}, "_meta": map[string]any{"progressToken": mark}}
	status, text := c.post(ctx, t, server, "tools/call", params)
	if status == 0 || ctx.Err() != nil {
		gone.Add(1)
		return
	}
	answered.Add(1)
	if strings.Contains(text, `"isError":true`) || strings.Contains(text, `"error":`) {
		failed.Add(1)
		if strings.Contains(text, "rate_limited") {
			time.Sleep(50 * time.Millisecond) // as one does who is told to come later
		}
	} else if tool == "echo" && (!strings.Contains(text, mark) || !strings.Contains(text, quotedNumber(n))) {
		t.Errorf("another's answer, want %q %d: %s", mark, n, text)
	}
	if got := strings.Count(text, `"id":1,`); got != 1 {
		t.Errorf("%d answers to %s: %s", got, tool, text)
	}
	for _, other := range people {
		if other != people[c.from] && strings.Contains(text, other) {
			t.Errorf("%s hears of %s: %s", people[c.from], other, text)
		}
	}
}

func quotedNumber(n int) string {
	text, _ := json.Marshal(n)
	return `\"n\":` + string(text)
}
