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

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is everything that a host offers, before a fake of the Tailscale API and
// beside a tailscaled, which is away unless a test wants one.
type rig struct {
	testing.TB
	fake       *fakeapi.Server
	api        *tsapi.API
	log        *tooltest.Log
	dispatcher *gate.Dispatcher
	// offers are the definitions of what the host offers.
	offers tool.Set
}

// setup is what a test wants otherwise than usual.
type setup struct {
	api     fakeapi.Options
	client  tsapi.Options
	ceiling []grant.Class
	limit   int
	socket  string // of a tailscaled; empty is one that is away

	askPerson bool
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
	s.client.CallerRate = cmp.Or(s.client.CallerRate, -1) // a test asks more of the API than anybody does
	api, err := tsapi.New(s.client)
	if err != nil {
		t.Fatal(err)
	}
	if s.ceiling == nil {
		s.ceiling = grant.Classes()
	}
	r := &rig{TB: t, fake: fake, api: api, log: &tooltest.Log{}}
	o := Options{
		Local: socket.Client(cmp.Or(s.socket, filepath.Join(t.TempDir(), "away"))), API: api, Ceiling: s.ceiling, Version: "1.2.3",
	}
	r.dispatcher = gate.NewDispatcher(gate.Options{
		Registry:      New(o),
		Audit:         r.log,
		Log:           slog.New(slog.DiscardHandler),
		Capability:    "jaxxstorm.com/cap/mcp",
		Host:          func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		Limit:         s.limit,
		ResourceLimit: s.limit,
		AskPerson:     s.askPerson,
	})
	r.offers = offered(r.dispatcher.Snapshot(), Offered(o))
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	return r
}

// offered are the definitions of all that a host offers.
func offered(now *gate.Snapshot, all tool.Set) tool.Set {
	all.Tools = slices.DeleteFunc(all.Tools, func(d tool.Tool) bool {
		return !slices.ContainsFunc(now.Tools(), func(t gate.Tool) bool { return t.Name == d.Name })
	})
	all.Resources = slices.DeleteFunc(all.Resources, func(d tool.Resource) bool {
		return !slices.ContainsFunc(now.Resources(), func(r gate.Resource) bool { return r.URI == d.URI })
	})
	all.Prompts = slices.DeleteFunc(all.Prompts, func(d tool.Prompt) bool {
		return !slices.ContainsFunc(now.Prompts(), func(p gate.Prompt) bool { return p.Name == d.Name })
	})
	return all
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
	return tooltest.Confirmed(arguments, func(arguments string) (json.RawMessage, error) {
		out, err := r.dispatcher.Call(r.Context(), c, gate.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
		return out.Structured, err
	})
}

func (r *rig) read(c caller.Caller, uri string) (text, mimeType string, err error) {
	return r.dispatcher.Read(r.Context(), c, gate.Request{ID: "1", Method: "resources/read", Name: uri})
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

// ofLastCall are the records of the call that was made last; of one that was made
// again with a code, of that alone.
func (r *rig) ofLastCall() []audit.Record {
	records := r.log.Records()
	for i := len(records) - 1; i > 0; i-- {
		if records[i].Event == audit.Decision {
			return records[i:]
		}
	}
	return records
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
var short = tsapi.Options{Timeout: 100 * time.Millisecond}
