// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// watch has an instance answer one small call after the other, and reports those that it
// did not. Whatever another instance does, its caller is to notice nothing.
func watch(t *testing.T, p *place, server string) (stop func()) {
	t.Helper()
	in := p.start(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	var slowest time.Duration
	calls := 0
	done.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			text, err := in.call(limited, "try", map[string]any{"probes": [][]string{{"who"}}})
			cancel()
			if err != nil || !strings.Contains(text, `"ok":true`) {
				t.Errorf("another caller, of %s, noticed: %v %s", server, err, text)
				return
			}
			calls++
			slowest = max(slowest, time.Since(began))
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		done.Wait()
		if calls == 0 {
			t.Errorf("another caller, of %s, called nothing meanwhile", server)
		}
		t.Logf("another caller, of %s, had %d answers meanwhile, the slowest after %v", server, calls, slowest.Round(time.Millisecond))
	})
}

// manners: a server that misbehaves costs its own caller an error, and nobody else anything.
func manners(t *testing.T, p *place) {
	for _, c := range []struct {
		tool, arg string
		want      string // in the answer, or in the error
		ended     bool   // with it, the instance has ended
	}{
		{"flood", "20", "flooded", false},
		{"rubbish", "", "after the rubbish", false},
		{"long", "15", "xxxxxxxx", false},
		{"long", "20", "answered with more than 16 MiB", false},
		{"endless", "", "deadline exceeded", false},
		{"hang", "", "deadline exceeded", false},
		{"exit", "", "bye", true},
		{"die", "", `exited with status 7; its last words: "out of luck"`, true},
		{"crash", "", "ended by signal 9", true},
	} {
		t.Run(c.tool+c.arg, func(t *testing.T) {
			same, other := watch(t, p, "plain"), watch(t, p, "other")
			defer other()
			defer same()
			in := p.start(t, "plain")
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if strings.Contains(c.want, "deadline") {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 3*time.Second)
			}
			defer cancel()
			text, err := in.call(ctx, c.tool, map[string]any{"arg": c.arg})
			if err != nil {
				text = err.Error()
			}
			if !strings.Contains(text, c.want) {
				t.Errorf("its caller got %.200s, want %q", text, c.want)
			}
			switch {
			case c.ended:
				select {
				case <-in.Done():
				case <-time.After(patience):
					t.Errorf("it has not ended within %v", patience)
				}
			case c.tool != "endless":
				inside(t, in, []string{"who"}) // it still answers
			}
			if c.tool == "endless" {
				in.cut()
				<-in.Done()
			}
		})
	}
	t.Run("journal", func(t *testing.T) {
		kept, err := strconv.Atoi(p.do(t, "journalctl --boot --no-pager -o cat -t tailscale-mcp-plain | grep -c '^<0>x' || true"))
		if err != nil {
			t.Fatal(err)
		}
		const written = 20 << 10
		t.Logf("of %d lines that flooded stderr the journal kept %d", written, kept)
		if kept == 0 || kept > written/2 {
			t.Errorf("the journal kept %d lines of %d: the limit does not hold", kept, written)
		}
		if got := p.do(t, "journalctl --boot --no-pager -o cat -t tailscale-mcp-plain -p err"); got != "" {
			t.Errorf("a server chose the level of its lines:\n%.300s", got)
		}
	})
}

// cost: what an instance uses is bounded.
func cost(t *testing.T, p *place) {
	in := p.start(t, "small")
	pid := held(t, p, in).PID
	name := p.unitOf(t, pid)
	for property, want := range map[string]string{
		"MemoryMax": "67108864", "MemorySwapMax": "0", "TasksMax": "48", "CPUWeight": "50", "LimitCORE": "0", "LimitNPROC": "48",
		"OOMPolicy": "continue", "Slice": "system-tailscale_mcp_servers-small.slice",
	} {
		if got := p.do(t, "systemctl show --value --property="+property+" '"+name+"'"); got != want {
			t.Errorf("%s of an instance is %s, want %s", property, got, want)
		}
	}
	has := strings.Fields(p.do(t, "cat /sys/fs/cgroup/cgroup.controllers"))
	controller := func(name string) bool {
		for _, c := range has {
			if c == name {
				return true
			}
		}
		return false
	}

	t.Run("processes", func(t *testing.T) {
		same, other := watch(t, p, "small"), watch(t, p, "plain")
		defer other()
		defer same()
		// Outside the same number is made, by a service without a sandbox.
		if out := p.do(t, "systemd-run --quiet --wait --pipe --collect --uid=ann sh -c 'n=0; while [ $n -lt 100 ]; do sleep 5 & n=$((n+1)); done; echo $n'"); out != "100" {
			t.Errorf("outside, %s of 100 processes were made: this proves nothing", out)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		text, err := in.call(ctx, "fork", map[string]any{"arg": "100"})
		t.Logf("of 100 processes: %s (%v)", text, err)
		if err == nil && strings.Contains(text, `"made":100`) {
			t.Error("an instance with room for 48 tasks made 100")
		}
		if !controller("pids") {
			t.Log("NOT SHOWN HERE: this machine lends no controller of processes (pids), so that TasksMax= does nothing; what held is LimitNPROC=, which counts those of the instance's own account")
		}
	})
	t.Run("memory", func(t *testing.T) {
		if !controller("memory") {
			t.Log("NOT SHOWN HERE: this machine lends no controller of memory, so that MemoryMax= does nothing: that a server which takes too much is ended was not tried, only that its unit says so")
			return
		}
		same, other := watch(t, p, "small"), watch(t, p, "plain")
		defer other()
		defer same()
		greedy := p.start(t, "small")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		text, err := greedy.call(ctx, "hog", map[string]any{"arg": "200"})
		if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "signal 9") {
			t.Errorf("an instance with 64 MiB took 200: %s, %v", text, err)
		}
	})
	t.Run("files", func(t *testing.T) {
		in := p.start(t, "small") // of 64 MiB
		for _, dir := range []string{"/tmp", "/dev/shm"} {
			p.hold(t, in, tried{}, []row{
				{promise: "half of its memory in files, in " + dir, as: "ann", probe: []string{"fill", dir, "30"}, works: true},
				{promise: "and no more", as: "ann", probe: []string{"fill", dir, "33"}, errnos: "ENOSPC"},
			})
		}
		p.hold(t, in, tried{}, []row{
			{promise: "nothing in /var/tmp", as: "ann", probe: []string{"fill", "/var/tmp", "1"}},
			{promise: "nothing in its home beyond that", as: "ann", probe: []string{"fill", held(t, p, in).Home, "33"}, here: []string{"fill", "/home/ann", "33"}, errnos: "ENOSPC"},
		})
		if got := p.do(t, "find /tmp/systemd-private-*-tailscale-mcp-server-small* -type f"); got != "" {
			t.Errorf("a server wrote to the host's /tmp: %s", got)
		}
		if got := p.do(t, "journalctl --boot --no-pager -o cat -t tailscale-mcp-small"); strings.Contains(got, "does not bound") {
			t.Errorf("its launcher says %s", got)
		}
	})
}

// newer: a folder that was made in the root after the units were is not shown to servers.
func newer(t *testing.T, p *place) {
	p.do(t, "mkdir /newer && echo text >/newer/thing && chmod -R a+rX /newer")
	in, err := p.try(t.Context(), "plain")
	if err == nil {
		t.Errorf("a server was started, and reading what it should not see gives %+v", inside(t, in, []string{"read", "/newer/thing"})[0])
		in.End(nil)
	} else if !strings.Contains(err.Error(), "the folder /newer is newer than the units of the servers") {
		t.Errorf("got the error %v", err)
	}
	p.do(t, "systemctl daemon-reload")
	p.hold(t, p.start(t, "plain"), tried{}, []row{
		{promise: "a folder that is new in the root", as: "ann", probe: []string{"read", "/newer/thing"}, errnos: "ENOENT"},
	})
	// One that is gone again stops nobody.
	p.do(t, "rm -r /newer")
	inside(t, p.start(t, "plain"), []string{"who"})
}
