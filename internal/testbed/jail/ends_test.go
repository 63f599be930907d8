// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/upstream/unit"
)

// soon is what an instance may take to be gone once its connection is: five seconds for
// the server, five for what is left of it, and some for a machine that is busy.
const soon = time.Minute

// left are the units and processes of a server that are there.
func (p *place) left(t *testing.T, server string) string {
	t.Helper()
	return p.do(t, "systemctl list-units --all --plain --no-legend --no-pager '"+strings.Replace(unit.ServiceName(server), "@", "@*", 1)+"'; "+
		"cat /sys/fs/cgroup/system.slice/system-tailscale_mcp_servers.slice/"+unit.SliceName(server)+"/*/cgroup.procs 2>/dev/null || true")
}

// gone waits until nothing of a server is left, and says how long that took.
func (p *place) gone(t *testing.T, server string) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		left := p.left(t, server)
		took := time.Since(began)
		if left == "" {
			return took
		}
		if took > soon {
			t.Fatalf("of the server %s there is left after %v:\n%s", server, took.Round(time.Second), left)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ends: nothing is left of an instance, however it was to end.
func ends(t *testing.T, p *place) {
	pids := func(t *testing.T, in *instance, tool, arg string) (all []int) {
		t.Helper()
		text, err := in.call(t.Context(), tool, map[string]any{"arg": arg})
		if err != nil {
			t.Fatal(err)
		}
		if json.Unmarshal([]byte(text), &all) != nil {
			var one int
			if err := json.Unmarshal([]byte(text), &one); err != nil {
				t.Fatalf("%s: %s", tool, text)
			}
			all = []int{one}
		}
		return all
	}
	alive := func(pids []int) string {
		var b strings.Builder
		for _, pid := range pids {
			fmt.Fprintf(&b, "[ ! -d /proc/%d ] || echo %d; ", pid, pid)
		}
		return p.do(t, b.String()+"true")
	}
	for _, c := range []struct {
		name string
		do   func(t *testing.T, in *instance) []int // that are to be gone
		cut  bool                                   // the daemon goes, and does not end the session
		dead bool                                   // it has ended by then
	}{
		{"by itself", func(t *testing.T, in *instance) []int { return []int{held(t, p, in).PID} }, false, false},
		{"when the daemon is gone", func(t *testing.T, in *instance) []int { return []int{held(t, p, in).PID} }, true, false},
		{"though it ignores the end", func(t *testing.T, in *instance) []int { return pids(t, in, "stay", "") }, false, false},
		{"though it ignores the end, when the daemon is gone", func(t *testing.T, in *instance) []int { return pids(t, in, "stay", "") }, true, false},
		{"with its grandchildren", func(t *testing.T, in *instance) []int { return pids(t, in, "breed", "5") }, false, false},
		{"with its grandchildren, when it stays too", func(t *testing.T, in *instance) []int {
			return append(pids(t, in, "stay", ""), pids(t, in, "breed", "5")...)
		}, true, false},
		{"with its grandchildren, after it died", func(t *testing.T, in *instance) []int {
			all := pids(t, in, "breed", "5")
			if alive(all) == "" {
				t.Error("there are no grandchildren")
			}
			if _, err := in.call(t.Context(), "die", nil); err == nil || !strings.Contains(err.Error(), "out of luck") {
				t.Errorf("a server that died says %v, want its last words", err)
			}
			return all
		}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.gone(t, "plain") // what an earlier test has left is on its way
			in, err := p.try(t.Context(), "plain")
			if err != nil {
				t.Fatal(err)
			}
			all := c.do(t, in)
			if !c.dead && (p.left(t, "plain") == "" || alive(all) == "") {
				t.Fatal("nothing runs, so that nothing could be left")
			}
			if !c.dead && p.do(t, "ls -d /tmp/systemd-private-*-tailscale-mcp-server-plain@* 2>/dev/null || true") == "" {
				t.Error("it has nothing in /tmp, so that nothing could be left")
			}
			began := time.Now()
			if c.cut {
				in.cut()
			} else {
				in.End(nil)
			}
			p.gone(t, "plain")
			if dirs := p.do(t, "ls -d /tmp/systemd-private-*-tailscale-mcp-server-plain@* 2>/dev/null || true"); dirs != "" {
				t.Errorf("what it had in /tmp is left: %s", dirs)
			}
			if still := alive(all); still != "" {
				t.Errorf("these processes are left: %s", still)
			}
			t.Logf("%.1f s", time.Since(began).Seconds())
		})
	}
	if failed := p.do(t, "systemctl list-units --state=failed --plain --no-legend --no-pager"); failed != "" {
		t.Errorf("failed units: %s", failed)
	}
}

// starts: many start at once, and each gets an answer or an error that says what to do.
func starts(t *testing.T, p *place) {
	const many = 50
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var all sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	uids := map[int]int{}
	var slowest time.Duration
	var running []*instance
	began := time.Now()
	for range many {
		all.Go(func() {
			in, err := p.try(ctx, "many")
			var w who
			if err == nil {
				var text string
				if text, err = in.call(ctx, "try", map[string]any{"probes": [][]string{{"who"}}}); err == nil {
					var r []struct{ Value who }
					if err = json.Unmarshal([]byte(text), &r); err == nil {
						w = r[0].Value
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = time.Since(began)
			if in != nil {
				running = append(running, in)
			}
			if err != nil {
				outcomes[err.Error()]++
				return
			}
			outcomes["answered"]++
			uids[w.UID]++
		})
	}
	all.Wait()
	t.Logf("of %d starts at once, in %.1f s: %v", many, slowest.Seconds(), outcomes)
	if outcomes["answered"] == 0 {
		t.Errorf("nobody was answered: %v", outcomes)
	}
	for uid, n := range uids {
		if n > 1 {
			t.Errorf("%d instances share the UID %d", n, uid)
		}
	}
	for text := range outcomes {
		if text != "answered" && !strings.Contains(text, "server many") {
			t.Errorf("not an error that says what happened to which server: %s", text)
		}
	}
	for _, in := range running {
		all.Go(func() { in.End(nil) })
	}
	all.Wait()
	p.gone(t, "many")
	if got := p.do(t, "systemctl is-active "+unit.SocketName("many")); got != "active" {
		t.Errorf("the socket is %s afterwards", got)
	}
	in := p.start(t, "many")
	inside(t, in, []string{"who"})
}
