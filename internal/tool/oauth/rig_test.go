// SPDX-License-Identifier: MIT

package oauth

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
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
	api, err := tailnet.New(tailnet.Options{BaseURL: base, Credential: tailnet.Credential{APIKey: fakeapi.DefaultAPIKey}, RetryBudget: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %s: %s", u.Method, u.Path, u.Why)
		}
		api.Close()
		fake.Close()
	})
	return &rig{t, fake, tool.NewDispatcher(tool.Options{
		Registry: tool.NewRegistry(grant.Classes(), Tools(api)), Audit: &tooltest.Log{}, Log: slog.New(slog.DiscardHandler),
		Capability: "jaxxstorm.com/cap/mcp", Host: func() tool.Host { return tool.Host{Name: "tag:mcp", Port: 8080} },
	})}
}

// call is a tool's answer to somebody who may use all of them.
func (r *rig) call(name, arguments string) (string, error) {
	r.Helper()
	rules, err := grant.Parse([]string{`{"tools":["*","escalating:*"],"resources":["*"]}`})
	if err != nil {
		r.Fatal(err)
	}
	c := caller.Caller{Login: "alice@example.com", Node: "laptop.tailfe8c.ts.net", NodeID: "nAlice", Rules: rules, Addr: netip.MustParseAddrPort("100.64.0.9:40000")}
	text, err := r.dispatcher.Call(r.Context(), c, tool.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
	return string(text), err
}

// code is the code that a caller is told, and the rest of it.
func code(err error) (string, string) {
	var e *tool.Error
	if !errors.As(err, &e) {
		return "", ""
	}
	return e.Code, e.Message + " " + e.Next
}
