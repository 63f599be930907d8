// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"context"
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
