// SPDX-License-Identifier: MIT

package gateway_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/hostile"
	testservers "tailscale-mcp/internal/testbed/servers"
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

// flat reports whether it is not more than before, by the tolerances.
func (r restful) flat(before restful) bool {
	return r.goroutines <= before.goroutines+soakGoroutines && r.descriptors <= before.descriptors+soakDescriptors && r.heap <= before.heap+soakHeap
}

// soakCounts are what came of the requests.
type soakCounts struct {
	asked, good, refused, left atomic.Int64

	mu  sync.Mutex
	why map[string]int // they were refused, by server and code
}

var soakCode = regexp.MustCompile(`\b(rate_limited|upstream_[a-z]+|tool_failed|not today)\b`)

// refuse counts a refusal; false if the text is none.
func (c *soakCounts) refuse(server, text string) bool {
	code := soakCode.FindString(text)
	if code == "" {
		return false
	}
	c.refused.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.why == nil {
		c.why = map[string]int{}
	}
	c.why[server+" "+code]++
	return true
}

// TestSoak keeps servers of both eras busy for many callers, while servers end, hang,
// flood and write rubbish, servers by URL do whatever package hostile can, all of them are
// ended now and then, and callers leave. Every request has one answer, its own, or a refusal
// that says why; what the gateway takes at rest stays flat, no process is left, and no
// request has gone where a server by URL wanted to lead it.
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
		b.grant(login, `{"tools":["old/*","new/*","http/*","modern/*","sse/*"]}`)
		callers = append(callers, client{b: b, from: address, modern: n%2 == 0})
	}
	b.Odd("old", `{"timeout":"1s","max":128}`)
	b.Odd("new", `{"timeout":"1s","max":128}`, "-modern")
	b.approve(t, "old", nil)
	b.approve(t, "new", nil)
	elsewhere := soakElsewhere(t, b, seed)

	var counts soakCounts
	soak(t, b, callers, elsewhere, *soakFor/10, seed, &counts)
	early := settled(t, b, elsewhere, nil)
	soak(t, b, callers, elsewhere, *soakFor-*soakFor/10, seed+1, &counts)
	late := settled(t, b, elsewhere, &early)
	for name, server := range elsewhere {
		ended, err := server.End()
		if err != nil || ended.Asked == 0 || ended.Bare > 0 || ended.Led > 0 || len(ended.Faults) == 0 {
			t.Errorf("%s: %+v, %v", name, ended, err)
		}
		t.Logf("%s was asked %d times, and met them with %v", name, ended.Asked, ended.Faults)
	}

	t.Logf("%d requests: %d answered, %d refused, %d left by their callers; at rest %+v, before %+v",
		counts.asked.Load(), counts.good.Load(), counts.refused.Load(), counts.left.Load(), late, early)
	t.Logf("refused: %v", counts.why)
	if counts.good.Load() == 0 || counts.refused.Load() == 0 || counts.left.Load() == 0 {
		t.Error("not all of it has happened: this shows nothing")
	}
	if !late.flat(early) {
		t.Errorf("at rest it takes %+v, before %+v", late, early)
	}
}

// settled ends what runs, waits until nothing does and what is taken at rest is as before, if
// that is given, and reads it. A server by URL is not there for a moment, whereupon its
// sessions end.
func settled(t *testing.T, b *bench, elsewhere map[string]*testservers.Hostile, before *restful) restful {
	t.Helper()
	move := func(from, to string) {
		for name := range elsewhere {
			if err := os.Rename(filepath.Join(b.Dir, name+from), filepath.Join(b.Dir, name+to)); err != nil {
				t.Fatal(err)
			}
		}
		b.servers.Read()
	}
	move(".json", ".away")
	defer move(".away", ".json")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		over := time.Now().After(deadline)
		b.Kill() // also what was being started for a caller who has left
		running, _ := b.Running()
		if running == 0 && len(b.servers.Processes()) == 0 {
			b.audit.Forget()
			if now := atRest(t); over || before == nil || now.flat(*before) {
				return now
			}
		} else if over {
			t.Fatalf("%d launchers run, and the gateway knows of %v", running, b.servers.Processes())
		}
	}
}

// soakElsewhere adds servers by URL, each of which misbehaves by chance once it is approved.
func soakElsewhere(t *testing.T, b *bench, seed uint64) map[string]*testservers.Hostile {
	t.Helper()
	const ours = `{"timeout":"1s","max":128,"network":["127.0.0.0/8"]}`
	chance := []string{"-chance", "0.01", "-seed", fmt.Sprint(seed)}
	all := map[string]*testservers.Hostile{
		"http":   b.Hostile("http", "http", ours),
		"modern": b.Hostile("modern", "http", ours, "-modern"),
		"sse":    b.Hostile("sse", "sse", ours),
	}
	for name, server := range all {
		b.approve(t, name, nil)
		faults := hostile.Faults()
		if name == "sse" { // there all answers of a caller come by one stream
			faults = slices.DeleteFunc(faults, func(name string) bool { return name == "others" })
		}
		if err := server.Restart(append(chance, "-faults", strings.Join(faults, ","))...); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// soak has every caller ask for a while, at random.
func soak(t *testing.T, b *bench, callers []client, elsewhere map[string]*testservers.Hostile, d time.Duration, seed uint64, counts *soakCounts) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var all sync.WaitGroup
	for n, c := range callers {
		for k := range 2 {
			at := map[string]client{}
			for _, server := range soakServers[n%len(soakServers)] {
				if at[server] = c; k == 1 && !c.modern { // with sessions besides
					at[server] = c.begin(t, server)
				}
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
				for name, server := range elsewhere {
					if err := server.Restart(); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		}
	})
	all.Wait()
}

// soakServers are those of a caller, who may have four processes: by requests that name no
// session, and in sessions. The first two are programs.
var soakServers = [][2]string{{"old", "http"}, {"new", "modern"}, {"http", "sse"}, {"sse", "modern"}}

// soakCaller asks until ctx ends, as the client that it is at each server; a request that
// has begun is waited for.
func soakCaller(ctx context.Context, t *testing.T, at map[string]client, chance *rand.Rand, counts *soakCounts) {
	// A caller may start a process every three seconds: those that end one are rare.
	tools := strings.Fields(strings.Repeat("echo echo count who progress refuse rubbish flood leave leave list log touch stray relist retool ask ping ", 100) + "exit die hang hang")
	faults, names := hostile.Faults(), slices.Sorted(maps.Keys(at))
	// Two ask for each caller, who may have 50 requests a second.
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	first := []string{"echo", "refuse", "leave"} // of what everybody does one, also on a slow machine
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			if n >= len(first) {
				return
			}
		case <-pace.C:
		}
		server := names[chance.IntN(len(names))]
		tool, c := tools[chance.IntN(len(tools))], at[server]
		if n < len(first) {
			tool = first[n]
		}
		fault := faults[chance.IntN(len(faults))]
		switch {
		case server == "old" || server == "new" || tool == "leave" || tool == "list":
		case tool == "refuse" && n < len(first):
			tool = "broken"
		default:
			tool = "echo"
			often := 6
			if server == "sse" {
				often = 40 // what breaks the one stream there ends the session, and few are begun
			}
			if chance.IntN(often) == 0 {
				if tool = fault; tool == "others" && server == "sse" {
					tool = "echo" // there all answers of a caller come by one stream
				}
			}
		}
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
		case counts.refuse(server, text):
		case tool == "echo" && !strings.Contains(text, mark):
			t.Errorf("echo of %s for %s, want %s: %.300s", server, c.from, mark, text)
		default:
			counts.good.Add(1)
		}
	}
}
