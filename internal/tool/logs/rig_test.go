// SPDX-License-Identifier: MIT

package logs

import (
	"encoding/json"
	"errors"
	"log/slog"
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

// rig is the tools as callers meet them: behind the dispatcher, before a real
// client and a fake of the Tailscale API.
type rig struct {
	*testing.T
	fake       *fakeapi.Server
	dispatcher *tool.Dispatcher
}

func newRig(t *testing.T) *rig {
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
		Registry:   tool.NewRegistry(grant.Classes(), Tools(api)),
		Audit:      &tooltest.Log{},
		Log:        slog.New(slog.DiscardHandler),
		Capability: "jaxxstorm.com/cap/mcp",
		Host:       func() tool.Host { return tool.Host{Name: "tag:mcp", Port: 8080} },
	})}
}

func (r *rig) caller() caller.Caller {
	r.Helper()
	rules, err := grant.Parse([]string{`{"tools":["*","escalating:*"],"resources":["*"]}`})
	if err != nil {
		r.Fatal(err)
	}
	return caller.Caller{Login: "alice@example.com", Node: "laptop", NodeID: "nLaptop", Rules: rules}
}

func (r *rig) call(name, arguments string) (string, error) {
	r.Helper()
	text, err := r.dispatcher.Call(r.Context(), r.caller(), tool.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
	return string(text), err
}

// answers wants an answer that holds all of the parts.
func (r *rig) answers(name, arguments string, parts ...string) string {
	r.Helper()
	text, err := r.call(name, arguments)
	if err != nil {
		r.Errorf("%s %s: %v", name, arguments, err)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			r.Errorf("%s %s: got %s, want %s in it", name, arguments, text, part)
		}
	}
	return text
}

// refuses wants a refusal that says part, after which nothing has changed.
func (r *rig) refuses(name, arguments, code, part string) {
	r.Helper()
	text, err := r.call(name, arguments)
	var e *tool.Error
	if !errors.As(err, &e) || e.Code != code || e.Next == "" || !strings.Contains(e.Error(), part) {
		r.Errorf("%s %s: got %q and %v, want %s with %q", name, arguments, text, err, code, part)
	}
	for _, q := range r.fake.Requests() {
		if slices.ContainsFunc(tailnet.Operations(), func(op tailnet.Operation) bool { return op.ID == q.Operation && op.Changes }) {
			r.Errorf("%s %s: %s was sent", name, arguments, q.Operation)
		}
	}
}
