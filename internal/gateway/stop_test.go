// SPDX-License-Identifier: MIT

package gateway_test

import (
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/upstream/servers"
)

// TestCut: a call that has not ended in the time that a daemon has which stops is answered
// with an error that says so, and so is whoever comes after; nothing is left.
func TestCut(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.grant("alice@example.com", `{"tools":["odd/*"]}`)
	alice := b.alice()
	answer := make(chan string, 1)
	go func() {
		_, text := alice.post(t.Context(), t, "odd", "tools/call", map[string]any{"name": "hang"})
		answer <- text
	}()
	stat := servers.Stat{}
	for end := time.Now().Add(20 * time.Second); len(b.audit.Of("odd/hang")) == 0 || stat.Processes == 0; time.Sleep(time.Millisecond) {
		stat = b.servers.Stats()[0]
		if time.Now().After(end) {
			t.Fatalf("the call has not begun: %+v", stat)
		}
	}
	b.servers.Cut()
	if got := <-answer; !strings.Contains(got, "upstream_unavailable") || !strings.Contains(got, "restarts its gateway") || !strings.Contains(got, "look whether it was carried out") {
		t.Errorf("in flight: %s", got)
	}
	if got := alice.call(t, "odd", "echo", nil); !strings.Contains(got, "restarts its gateway") {
		t.Errorf("afterwards: %s", got)
	}
	b.servers.Close()
	n := -1 // a launcher ends when it has seen that nobody is there any more
	for end := time.Now().Add(20 * time.Second); n != 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		n, _ = b.Running()
	}
	if n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

// TestStats: what is withheld, and what runs, is counted for the metrics.
func TestStats(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.Odd("fresh", "") // of which nothing is approved
	b.approve(t, "odd", nil)
	b.grant("alice@example.com", `{"tools":["odd/*"]}`)
	want := func(processes, withheld int) {
		t.Helper()
		if got := b.servers.Stats(); len(got) != 1 || got[0] != (servers.Stat{Name: "odd", Processes: processes, Withheld: withheld}) {
			t.Errorf("got %+v, want %d processes and %d withheld", got, processes, withheld)
		}
	}
	want(0, 0)
	b.Write("odd", b.OddPath(), []string{"-description", "Something else."}, "")
	b.servers.Read()
	b.alice().call(t, "odd", "count", nil)
	want(1, 1)
	b.grant("bob@example.com", `{"tools":["odd/*"]}`)
	b.bob().call(t, "odd", "count", nil) // whose process shows the same
	want(2, 1)
	told := 0
	for _, r := range b.audit.Records() {
		if r.Event == audit.Withheld {
			told++
			if r.Server != "odd" || r.Name != "odd/echo" || r.Reason != "changed" {
				t.Errorf("recorded %+v", r)
			}
		}
	}
	if told != 1 {
		t.Errorf("it is recorded %d times, want once", told)
	}
}
