// SPDX-License-Identifier: MIT

package gateway_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	soakFor  = flag.Duration("soak", 3*time.Second, "how long TestSoak keeps the gateway busy")
	soakSeed = flag.Uint64("soak-seed", 0, "what TestSoak begins chance with; 0 for the clock")
)

// Tolerances of the soak, of the figures at rest after the whole against those after the
// first tenth.
const (
	soakGoroutines  = 10
	soakDescriptors = 10
	soakHeap        = 16 << 20 // bytes; the largest answer is 1 MiB, what is refused 20
)

// restful are what the test and the gateway in it take at rest.
type restful struct {
	goroutines, descriptors int
	heap                    uint64
}

func atRest(t *testing.T) restful {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return restful{runtime.NumGoroutine(), len(open), m.HeapAlloc}
}

// soakCounts are what came of the requests.
type soakCounts struct{ asked, good, refused, left atomic.Int64 }

// TestSoak keeps servers of both eras busy for many callers, while servers end, hang,
// flood and write rubbish, all of them are killed now and then, and callers leave. Every
// request has one answer, its own, or a refusal that says why; what the gateway takes at
// rest stays flat, and no process is left.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-soak-seed)", seed)
	b := newBench(t)
	b.quiet = true
	var callers []client
	for n := range 8 {
		address := fmt.Sprintf("127.0.0.%d", 10+n)
		login := fmt.Sprintf("caller%d@example.com", n)
		people[address] = login
		b.grant(login, `{"tools":["old/*","new/*"]}`)
		callers = append(callers, client{b: b, from: address, modern: n%2 == 0})
	}
	b.Odd("old", `{"timeout":"1s","max":128}`)
	b.Odd("new", `{"timeout":"1s","max":128}`, "-modern")
	b.approve(t, "old", nil)
	b.approve(t, "new", nil)

	var counts soakCounts
	soak(t, b, callers, *soakFor/10, seed, &counts)
	early := settled(t, b)
	soak(t, b, callers, *soakFor-*soakFor/10, seed+1, &counts)
	late := settled(t, b)

	t.Logf("%d requests: %d answered, %d refused, %d left by their callers; at rest %+v, before %+v",
		counts.asked.Load(), counts.good.Load(), counts.refused.Load(), counts.left.Load(), late, early)
	if counts.good.Load() == 0 || counts.refused.Load() == 0 || counts.left.Load() == 0 {
		t.Error("not all of it has happened: this shows nothing")
	}
	if late.goroutines > early.goroutines+soakGoroutines || late.descriptors > early.descriptors+soakDescriptors || late.heap > early.heap+soakHeap {
		t.Errorf("at rest it takes %+v, before %+v", late, early)
	}
}

// settled ends what runs, waits until nothing does, and reads what is taken at rest.
func settled(t *testing.T, b *bench) restful {
	t.Helper()
	b.Kill()
	deadline := time.Now().Add(20 * time.Second)
	for {
		running, _ := b.Running()
		if running == 0 && len(b.servers.Processes()) == 0 {
			b.audit.Forget()
			return atRest(t)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d launchers run, and the gateway knows of %v", running, b.servers.Processes())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// soak has every caller ask for a while, at random.
func soak(t *testing.T, b *bench, callers []client, d time.Duration, seed uint64, counts *soakCounts) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for n, c := range callers {
		for k := range 2 {
			at := map[string]client{"old": c, "new": c}
			if k == 1 && !c.modern { // with sessions besides
				at = map[string]client{"old": c.begin(t, "old"), "new": c.begin(t, "new")}
			}
			all.Go(func() { soakCaller(ctx, t, at, rand.New(rand.NewPCG(seed, uint64(2*n+k))), counts) })
		}
	}
	all.Go(func() {
		// Later not so soon that each start counts as one that does not work.
		chance := rand.New(rand.NewPCG(seed, 1<<20))
		for wait := time.Second; ctx.Err() == nil; wait = 11*time.Second + time.Duration(chance.IntN(20_000))*time.Millisecond {
			select {
			case <-ctx.Done():
			case <-time.After(wait):
				b.Kill()
			}
		}
	})
	all.Wait()
}

// soakCaller asks until ctx ends, as the client that it is at each server; a request that
// has begun is waited for.
func soakCaller(ctx context.Context, t *testing.T, at map[string]client, chance *rand.Rand, counts *soakCounts) {
	// A caller may start a process every three seconds: those that end one are rare.
	tools := strings.Fields(strings.Repeat("echo echo count who progress refuse rubbish flood leave leave list log touch stray relist retool ask ping ", 100) + "exit die hang hang")
	// Two ask for each caller, who may have 50 requests a second.
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		server := []string{"old", "new"}[chance.IntN(2)]
		tool, c := tools[chance.IntN(len(tools))], at[server]
		mark := fmt.Sprintf("mark-%s-%d-%d", c.from, chance.Uint32(), n)
		counts.asked.Add(1)
		one, leave := context.WithCancel(t.Context())
		method, params := "tools/call", map[string]any{"name": tool, "arguments": map[string]any{"mark": mark}}
		switch tool {
		case "list":
			method, params = "tools/list", nil
		case "leave":
			params["name"] = []string{"hang", "echo"}[chance.IntN(2)]
			time.AfterFunc(time.Duration(chance.IntN(20))*time.Millisecond, leave)
		}
		status, text := c.post(one, t, server, method, params)
		leave()
		switch {
		case status == 0 && tool == "leave":
			counts.left.Add(1)
		case strings.Count(text, `"id":1`) != 1:
			t.Errorf("%s of %s for %s was answered %d: %.300s", tool, server, c.from, status, text)
		case strings.Contains(text, "rate_limited"), strings.Contains(text, "upstream_"), strings.Contains(text, "not today"):
			counts.refused.Add(1)
		case tool == "echo" && !strings.Contains(text, mark):
			t.Errorf("echo of %s for %s, want %s: %.300s", server, c.from, mark, text)
		default:
			counts.good.Add(1)
		}
	}
}
