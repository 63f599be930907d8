// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var noon = time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC)

// touching is a dispatcher with a tool that touches the devices named in its
// arguments, and one that touches none.
func touching(t *testing.T) (*gate.Dispatcher, *clock, *memory) {
	t.Helper()
	log, now := &memory{}, &clock{now: noon}
	touch := gate.Tool{
		Name: "get_devices", Title: "t", Description: "d", Source: "devices", Class: grant.Read, Devices: true, Input: json.RawMessage(`{"type":"object"}`),
		Call: func(_ context.Context, call gate.Call, arguments json.RawMessage) (gate.Result, error) {
			var names, covered []string
			if err := json.Unmarshal(arguments, &names); err != nil {
				return gate.Result{}, err
			}
			for _, name := range names {
				switch ok, err := call.Covers(grant.Device{Name: name}); {
				case err != nil:
					return gate.Result{}, err
				case ok:
					covered = append(covered, name)
				}
			}
			text, err := json.Marshal(covered)
			return gate.Result{Structured: text}, err
		},
	}
	plain := gate.Tool{
		Name: "get_time", Title: "t", Description: "d", Source: "local", Class: grant.Read, Input: json.RawMessage(`{"type":"object"}`),
		Call: func(context.Context, gate.Call, json.RawMessage) (gate.Result, error) {
			return gate.Result{Structured: json.RawMessage(`1`)}, nil
		},
	}
	return gate.NewDispatcher(gate.Options{
		Registry: gate.NewRegistry(grant.Classes(), gate.Offer{Tools: []gate.Tool{touch, plain}}), Audit: log, Log: slog.New(slog.DiscardHandler),
		Capability: capability, Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} }, Now: now.read,
	}), now, log
}

func TestUntil(t *testing.T) {
	d, now, _ := touching(t)
	c := alice(t, `{"tools":["get_time"],"until":"2026-12-24T12:00:10Z"}`)
	for _, want := range []int{1, 1, 0, 0} {
		if got := len(d.Tools(c)); got != want {
			t.Errorf("%v: got %d tools listed, want %d", now.read(), got, want)
		}
		_, err := d.Call(t.Context(), c, gate.Request{Name: "get_time"})
		if (err == nil) != (want == 1) {
			t.Errorf("%v: got %v, want the call to be answered as the tool is listed", now.read(), err)
		}
		now.pass(5 * time.Second)
	}
}

// TestRate: lists cost nothing, calls do, of each caller for itself.
func TestRate(t *testing.T) {
	d, now, log := touching(t)
	c := alice(t, `{"tools":["get_time"],"rate":"2/m"}`)
	call := func() string {
		_, err := d.Call(t.Context(), c, gate.Request{Name: "get_time"})
		return code(t, err)
	}
	for i, want := range []string{"", "", failure.RateLimited, failure.RateLimited} {
		if got := call(); got != want {
			t.Errorf("call %d: got %q, want %q", i, got, want)
		}
		if got := len(d.Tools(c)); got != 1 {
			t.Errorf("got %d tools listed, want 1", got)
		}
	}
	if all := log.all(); all[len(all)-1].Allowed || all[len(all)-1].Reason == "" {
		t.Errorf("got the record %+v, want a refusal and why", all[len(all)-1])
	}
	now.pass(30 * time.Second)
	if got := call() + call(); got != failure.RateLimited {
		t.Errorf("half a minute later: got %q, want one more call", got)
	}
	other := c
	other.NodeID = "n9"
	if _, err := d.Call(t.Context(), other, gate.Request{Name: "get_time"}); err != nil {
		t.Errorf("another caller: got %v", err)
	}
	free := alice(t, `{"tools":["get_time"],"rate":"2/m"}`, `{"tools":["*"]}`)
	for range 5 {
		if _, err := d.Call(t.Context(), free, gate.Request{Name: "get_time"}); err != nil {
			t.Errorf("by an entry without a rate: got %v", err)
		}
	}
}

// TestCovers: a call touches what one of its entries covers, and an entry that is
// used up is never taken for one that does not cover.
func TestCovers(t *testing.T) {
	tests := []struct {
		entries []string
		asked   string
		want    []string // of the first, second and third call
	}{
		{[]string{`{"tools":["*"],"devices":["a"]}`}, `["a","b"]`, []string{`["a"]`}},
		{[]string{`{"tools":["*"],"devices":["a"]}`, `{"tools":["*"],"devices":["b"],"rate":"1/h"}`}, `["a","b"]`, []string{`["a","b"]`, failure.RateLimited}},
		{[]string{`{"tools":["*"],"devices":["a"]}`, `{"tools":["*"],"devices":["b"],"rate":"1/h"}`}, `["a"]`, []string{`["a"]`, `["a"]`}},
		{[]string{`{"tools":["*"],"devices":["a"]}`, `{"tools":["*"],"rate":"1/h"}`}, `["c"]`, []string{`["c"]`, failure.RateLimited}},
		{[]string{`{"tools":["*"],"devices":["a"],"rate":"1/h"}`, `{"tools":["*"],"devices":["b"],"rate":"2/h"}`}, `["a","b"]`, []string{`["a","b"]`, failure.RateLimited}},
		{[]string{`{"tools":["*"],"devices":["a"]}`, `{"tools":["*"]}`}, `["z"]`, []string{`["z"]`}},
	}
	for _, tt := range tests {
		d, _, _ := touching(t)
		c := alice(t, tt.entries...)
		for i, want := range tt.want {
			out, err := d.Call(t.Context(), c, gate.Request{Name: "get_devices", Arguments: json.RawMessage(tt.asked)})
			if got := string(out.Structured) + code(t, err); got != want {
				t.Errorf("%q asked for %s, call %d: got %s, want %s", tt.entries, tt.asked, i+1, got, want)
			}
		}
		// What cannot keep itself to devices is not granted by an entry for some.
		if _, err := d.Call(t.Context(), alice(t, tt.entries[0]), gate.Request{Name: "get_time"}); code(t, err) != failure.AccessDenied {
			t.Errorf("%q: another tool: got %v", tt.entries[0], err)
		}
	}
}

// TestRatesAreBounded: callers without number have no count without number.
func TestRatesAreBounded(t *testing.T) {
	d, now, _ := touching(t)
	c := alice(t, `{"tools":["get_time"],"rate":"1/s"}`)
	refused := 0
	for i := range 10000 {
		c.NodeID = string(rune('a'+i%26)) + time.Duration(i).String()
		if _, err := d.Call(t.Context(), c, gate.Request{Name: "get_time"}); err != nil {
			refused++
		}
	}
	if refused != 10000-8192 {
		t.Errorf("refused %d of 10000 callers, want those over 8192", refused)
	}
	now.pass(time.Second)
	if _, err := d.Call(t.Context(), c, gate.Request{Name: "get_time"}); err != nil {
		t.Errorf("after all could call again: got %v", err)
	}
}

// TestWhoamiTellsConditions: who is shown some devices only is told so.
func TestWhoamiTellsConditions(t *testing.T) {
	h := newHarness(t)
	const narrow = `{"tools":["get_echo"],"devices":["tag:ci"]}`
	if got := whoAmI(t, h, alice(t, narrow)); !strings.Contains(got, `tag:ci`) || !strings.Contains(got, `"conditions"`) {
		t.Errorf("got %s, want the entry with its condition", got)
	}
	if got := whoAmI(t, h, alice(t, reads)); strings.Contains(got, `"conditions"`) {
		t.Errorf("got %s, want no conditions", got)
	}
}
