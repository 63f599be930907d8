// SPDX-License-Identifier: MIT

package dns

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tailnettest/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/tooltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is the tools behind the dispatcher, before a fake of the Tailscale API.
type rig struct {
	testing.TB
	fake       *fakeapi.Server
	caller     caller.Caller
	dispatcher *tool.Dispatcher
}

func newRig(t testing.TB) *rig {
	t.Helper()
	fake, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tailnet.New(tailnet.Options{BaseURL: base, RetryBudget: -1, Credential: tailnet.Credential{APIKey: fakeapi.DefaultAPIKey}})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := grant.Parse([]string{`{"tools":["*"],"resources":["*"]}`})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	return &rig{t, fake,
		caller.Caller{Login: "alice@example.com", Node: "laptop.tailfe8c.ts.net", NodeID: "nalice", Rules: rules, Addr: netip.MustParseAddrPort("100.64.0.9:40000")},
		tool.NewDispatcher(tool.Options{
			Registry: tool.NewRegistry(grant.Classes(), Tools(api)), Audit: &tooltest.Log{}, Log: slog.New(slog.DiscardHandler),
			Capability: "jaxxstorm.com/cap/mcp", Host: func() tool.Host { return tool.Host{Name: "tag:mcp", Port: 8080} },
		})}
}

func (r *rig) call(name, arguments string) (string, error) {
	text, err := r.dispatcher.Call(r.Context(), r.caller, tool.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
	return string(text), err
}

// refused wants an error with a code whose text holds every one of words.
func (r *rig) refused(err error, code string, words ...string) {
	r.Helper()
	var e *tool.Error
	if !errors.As(err, &e) || e.Code != code || e.Next == "" {
		r.Fatalf("got error %v, want %s", err, code)
	}
	for _, word := range words {
		if !strings.Contains(e.Error(), word) {
			r.Errorf("got %q, want %q in it", e.Error(), word)
		}
	}
}

// sent is the body of the only request of an operation.
func (r *rig) sent(op string) string {
	r.Helper()
	requests := slices.DeleteFunc(r.fake.Requests(), func(q fakeapi.Request) bool { return q.Operation != op })
	if len(requests) != 1 {
		r.Fatalf("%s was sent %d times, want once", op, len(requests))
	}
	return string(requests[0].Body)
}
