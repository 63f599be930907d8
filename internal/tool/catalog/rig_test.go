// SPDX-License-Identifier: MIT

package catalog

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/tooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// calls are a good call of every tool that asks the Tailscale API; each group
// enters its own in a file GROUP_test.go. A tool that is missing here fails
// TestEveryToolIsTried; one that is entered is tried with every fault of the API,
// by callers of every kind, and fuzzed. Each is made to a tailnet as newRig has it.
var calls = map[string]string{}

// reads are a good URI of every resource that asks the Tailscale API, by the
// URI or template that it is listed with.
var reads = map[string]string{}

// enter is called by the init of a group's file.
func enter(groupCalls, groupReads map[string]string) {
	maps.Copy(calls, groupCalls)
	maps.Copy(reads, groupReads)
}

// rig is everything that a host offers, before a fake of the Tailscale API and
// beside a tailscaled, which is away unless a test wants one.
type rig struct {
	testing.TB
	fake       *fakeapi.Server
	api        *tailnet.API
	log        *tooltest.Log
	dispatcher *tool.Dispatcher
}

// setup is what a test wants otherwise than usual.
type setup struct {
	api     fakeapi.Options
	client  tailnet.Options
	ceiling []grant.Class
	limit   int
	socket  string // of a tailscaled; empty is one that is away
}

func newRig(t testing.TB, s setup) *rig {
	t.Helper()
	fake, err := fakeapi.Start(s.api)
	if err != nil {
		t.Fatal(err)
	}
	seed(fake)
	if s.client.BaseURL, err = url.Parse(fake.URL()); err != nil {
		t.Fatal(err)
	}
	if s.client.Credential.IsZero() {
		s.client.Credential.APIKey = fakeapi.DefaultAPIKey
	}
	if s.client.RetryBudget == 0 {
		s.client.RetryBudget = -1
	}
	if s.client.Keep == 0 {
		s.client.Keep = -1 // every call is to meet the API, as it is now
	}
	api, err := tailnet.New(s.client)
	if err != nil {
		t.Fatal(err)
	}
	if s.ceiling == nil {
		s.ceiling = grant.Classes()
	}
	r := &rig{TB: t, fake: fake, api: api, log: &tooltest.Log{}}
	r.dispatcher = tool.NewDispatcher(tool.Options{
		Registry: New(Options{
			Local: tailnet.LocalClient(cmp.Or(s.socket, filepath.Join(t.TempDir(), "away"))), API: api, Ceiling: s.ceiling, Version: "1.2.3",
		}),
		Audit:         r.log,
		Log:           slog.New(slog.DiscardHandler),
		Capability:    "jaxxstorm.com/cap/mcp",
		Host:          func() tool.Host { return tool.Host{Name: "tag:mcp", Port: 8080} },
		Limit:         s.limit,
		ResourceLimit: s.limit,
	})
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	return r
}

// seed puts the fake back to the tailnet that every call is written for.
func seed(fake *fakeapi.Server) {
	fake.Reset()
	fake.SetDevices([]fakeapi.Device{
		{NodeID: "nWeb1CNTRL", ID: "11", Hostname: "web-1", Addresses: []string{"100.64.0.11"}, Tags: []string{"tag:web"}, ConnectedToControl: true},
		{NodeID: "nWeb2CNTRL", ID: "12", Hostname: "web-2", Addresses: []string{"100.64.0.12"}, LastSeen: "2026-09-01T00:00:00Z"},
	})
}

const mayAll = `{"tools":["*","escalating:*"],"resources":["*"]}`

// by is a caller with the rules of one grant entry; "" is no entry.
func by(t testing.TB, login, entry string) caller.Caller {
	t.Helper()
	var entries []string
	if entry != "" {
		entries = []string{entry}
	}
	rules, err := grant.Parse(entries)
	if err != nil {
		t.Fatal(err)
	}
	return caller.Caller{
		Login: login, Node: "laptop.tailfe8c.ts.net", NodeID: "n" + login, Rules: rules,
		Addr: netip.MustParseAddrPort("100.64.0.9:40000"),
	}
}

func (r *rig) call(c caller.Caller, name, arguments string) (json.RawMessage, error) {
	return r.dispatcher.Call(r.Context(), c, tool.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
}

func (r *rig) read(c caller.Caller, uri string) (text, mimeType string, err error) {
	return r.dispatcher.Read(r.Context(), c, tool.Request{ID: "1", Method: "resources/read", Name: uri})
}

// everything asks c's questions of all the tools and resources that ask the
// Tailscale API, one after the other, each of the tailnet as seed has it. prepare,
// which may be nil, goes before each.
func (r *rig) everything(c caller.Caller, prepare func(), told func(what string, text string, err error)) {
	r.Helper()
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		seed(r.fake)
		if prepare != nil {
			prepare()
		}
		text, err := r.call(c, name, calls[name])
		told(name, string(text), err)
	}
	for _, name := range slices.Sorted(maps.Keys(reads)) {
		if prepare != nil {
			prepare()
		}
		text, _, err := r.read(c, reads[name])
		told(name, text, err)
	}
}

func told(t testing.TB, err error) *tool.Error {
	t.Helper()
	var e *tool.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one that is told", err)
	}
	if e.Code == "" || e.Message == "" || e.Next == "" {
		t.Errorf("got %+v, want a code, a message and a next step", e)
	}
	return e
}

// short is a client that does not wait long.
var short = tailnet.Options{Timeout: 100 * time.Millisecond}
