// SPDX-License-Identifier: MIT

package gateway_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"tailscale-mcp/internal/testbed/elsewhere"
)

// logs are the params of a call that wants to hear log messages of a level; none if empty.
func logs(tool, level string, arguments map[string]any) map[string]any {
	params := map[string]any{"name": tool, "arguments": arguments}
	if level != "" {
		params["_meta"] = map[string]any{"io.modelcontextprotocol/logLevel": level}
	}
	return params
}

// levelsIn are the levels of the log messages in a response, which is to come behind them.
func levelsIn(t *testing.T, text string) string {
	t.Helper()
	var levels []string
	said, _, answered := strings.Cut(text, `"result":`)
	for _, event := range strings.Split(said, `"notifications/message"`)[1:] {
		_, level, _ := strings.Cut(event, `"level":"`)
		level, _, _ = strings.Cut(level, `"`)
		levels = append(levels, level)
	}
	if !answered || strings.Count(text, `"notifications/message"`) != len(levels) {
		t.Errorf("a log message behind the answer, or no answer: %s", text)
	}
	return strings.Join(levels, " ")
}

// TestLogging: a client of 2026-07-28 hears the log messages of its own call of the level
// that it asked for with it, before the answer, from servers of either era, whether or not
// it can be asked something.
func TestLogging(t *testing.T) {
	for _, server := range []string{"legacy", "modern"} {
		for _, offers := range []string{"{}", `{"elicitation":{"form":{}}}`} {
			t.Run(server+" "+offers, func(t *testing.T) {
				b := newBench(t)
				var args []string
				if server == "modern" {
					args = []string{"-modern"}
				}
				b.Odd("odd", "", args...)
				b.approve(t, "odd", nil)
				b.both()
				alice, bob := b.alice(), b.bob()
				alice.modern, alice.offers, bob.modern = true, offers, true
				for _, c := range []struct{ level, want string }{
					{"", ""}, {"error", "error"}, {"info", "info error"}, {"debug", "debug info error"}, {"error", "error"}, {"emergency", ""}, {"", ""},
				} {
					_, got := alice.post(t.Context(), t, "odd", "tools/call", logs("log", c.level, map[string]any{"text": "hers"}))
					if levels := levelsIn(t, got); levels != c.want {
						t.Errorf("asked for %q: heard %q, want %q: %s", c.level, levels, c.want, got)
					}
				}
				if got := alice.call(t, "odd", "heard", nil); server == "legacy" && (strings.Count(got, "logging/setLevel") != 3 || strings.Contains(got, "emergency")) {
					t.Errorf("the server was told other levels than each that is lower than before: %s", got)
				}
				if _, got := alice.post(t.Context(), t, "odd", "tools/call", logs("log", "loud", nil)); !strings.Contains(got, "-32602") {
					t.Errorf("a level that there is not: %s", got)
				}
				var all sync.WaitGroup
				for who, c := range map[string]client{"alice": alice, "bob": bob} {
					for range 4 {
						all.Go(func() {
							_, got := c.post(t.Context(), t, "odd", "tools/call", logs("log", "info", map[string]any{"text": who}))
							if other := map[string]string{"alice": "bob", "bob": "alice"}[who]; strings.Contains(got, other) {
								t.Errorf("%s heard %s: %s", who, other, got)
							}
						})
					}
				}
				all.Wait()
			})
		}
	}
}

// TestLoggingNone: what a server does not declare, nobody hears, and of a process for all
// nobody either.
func TestLoggingNone(t *testing.T) {
	b := newBench(t)
	b.Odd("joint", `{"instance":"shared"}`)
	b.approve(t, "joint", nil)
	b.elsewhere(t, "mute", &elsewhere.Server{Modern: true, Streams: true}, "", "")
	b.grant("alice@example.com", `{"tools":["joint/*","mute/*"]}`)
	alice := b.alice()
	alice.modern = true
	for server, tool := range map[string]string{"joint": "log", "mute": "echo"} {
		if _, got := alice.post(t.Context(), t, server, "tools/call", logs(tool, "debug", map[string]any{"text": "said"})); levelsIn(t, got) != "" {
			t.Errorf("%s: %s", server, got)
		}
	}
}

// TestLoggingElsewhere: over HTTP a log message is of the request on whose stream it came:
// the others of its client hear nothing of it.
func TestLoggingElsewhere(t *testing.T) {
	for kind, s := range map[string]*elsewhere.Server{
		"older": {Legacy: true, Streams: true, Logs: true},
		"newer": {Modern: true, Streams: true, Logs: true},
	} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			b.elsewhere(t, "far", s, "", "")
			b.grant("alice@example.com", `{"tools":["far/*"]}`)
			alice := b.alice()
			alice.modern = true
			var all sync.WaitGroup
			for i, level := range []string{"", "info", "error", "warning", "", "debug"} {
				all.Go(func() {
					arguments := map[string]any{"n": fmt.Sprint("call", i)}
					_, got := alice.post(t.Context(), t, "far", "tools/call", logs("echo", level, maps.Clone(arguments)))
					want := ""
					if level != "" && level != "error" {
						want = "warning"
					}
					heard := levelsIn(t, got)
					if heard != want || strings.Count(got, "call") != map[string]int{"": 1, "warning": 2}[want] || strings.Count(got, arguments["n"].(string)) != strings.Count(got, "call") {
						t.Errorf("asked for %q: heard %q, want %q: %s", level, heard, want, got)
					}
				})
			}
			all.Wait()
		})
	}
}

// TestLoggingOfListen: what a server says while it is told of a subscription does not come
// before the acknowledgement, which is the first message of that stream.
func TestLoggingOfListen(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	b.both()
	alice := b.alice()
	alice.modern = true
	alice.call(t, "odd", "say", map[string]any{"method": "resources/subscribe", "lines": []string{
		`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"early"}}`,
		`{"jsonrpc":"2.0","id":$ID,"result":{}}`,
	}})
	ears := alice.subscribeWith(t, "odd", map[string]any{"resourceSubscriptions": []string{"file:///a/1"}}, map[string]any{"io.modelcontextprotocol/logLevel": "debug"})
	ears.await(t, "file:///a/1")
	if got := ears.text(); strings.Contains(got, "notifications/message") {
		t.Errorf("heard: %s", got)
	}
	if got := alice.call(t, "odd", "heard", nil); strings.Count(got, "resources/subscribe") != 1 {
		t.Errorf("the server was asked: %s", got)
	}
}

// TestLoggingPastParked: a client hears of its call while another of its own waits for it to
// come back.
func TestLoggingPastParked(t *testing.T) {
	b := askedBench(t)
	alice := b.alice()
	alice.modern, alice.offers = true, everything
	asked := logs("ask", "info", map[string]any{"method": "elicitation/create", "params": map[string]any{"message": "?", "requestedSchema": map[string]any{"type": "object"}}})
	if _, got := alice.post(t.Context(), t, "odd", "tools/call", asked); !strings.Contains(got, "input_required") {
		t.Fatal(got)
	}
	if _, got := alice.post(t.Context(), t, "odd", "tools/call", logs("log", "info", map[string]any{"text": "hers"})); levelsIn(t, got) != "info error" {
		t.Errorf("heard: %s", got)
	}
}
