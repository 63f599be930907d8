// SPDX-License-Identifier: MIT

package tooltest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
)

// API is a group of tools as callers meet them: behind the dispatcher, before a
// real client and a fake of the Tailscale API.
type API struct {
	testing.TB
	Fake       *fakeapi.Server
	Client     *tsapi.API
	Dispatcher *gate.Dispatcher
}

// NewAPI starts all of it, with the devices web-1 and web-2, and ends it with the
// test. A request that the API does not document fails the test. A read is neither
// repeated nor kept, nor is one refused for being one of many, so that a test sees
// every request. A is the client as the group needs it.
func NewAPI[A any](t testing.TB, o fakeapi.Options, group func(A) tool.Set) *API {
	t.Helper()
	fake, err := fakeapi.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	fake.SetDevices([]fakeapi.Device{
		{NodeID: "nWeb1CNTRL", ID: "11", Hostname: "web-1", Addresses: []string{"100.64.0.11"}},
		{NodeID: "nWeb2CNTRL", ID: "12", Hostname: "web-2", Addresses: []string{"100.64.0.12"}},
	})
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	client, err := tsapi.New(tsapi.Options{
		BaseURL: base, Credential: credential.Credential{APIKey: fakeapi.DefaultAPIKey}, RetryBudget: -1, Keep: -1, CallerRate: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, u := range fake.Unexpected() {
			t.Errorf("the API got an unexpected request: %s %.200s: %s", u.Method, u.Path, u.Why)
		}
		client.Close()
		fake.Close()
	})
	return &API{t, fake, client, gate.NewDispatcher(gate.Options{
		Registry:   tool.NewRegistry(grant.Classes(), group(any(client).(A))),
		Audit:      &Log{},
		Log:        slog.New(slog.DiscardHandler),
		Capability: "jaxxstorm.com/cap/mcp",
		Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})}
}

// Caller is Alice, who may use everything.
func (r *API) Caller() caller.Caller {
	r.Helper()
	rules, err := grant.Parse([]string{`{"tools":["*","escalating:*"],"resources":["*"]}`})
	if err != nil {
		r.Fatal(err)
	}
	return caller.Caller{
		Login: "alice@example.com", Node: "laptop.tailfe8c.ts.net", NodeID: "nAlice", Rules: rules,
		Addr: netip.MustParseAddrPort("100.64.0.9:40000"),
	}
}

// Call is what a tool answers to Alice; see [Confirmed].
func (r *API) Call(name, arguments string) (string, error) {
	r.Helper()
	return Confirmed(arguments, func(arguments string) (string, error) {
		out, err := r.Dispatcher.Call(r.Context(), r.Caller(), gate.Request{ID: "1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
		return string(out.Structured), err
	})
}

// Read is the text of a resource.
func (r *API) Read(uri string) (string, error) {
	r.Helper()
	text, _, err := r.Dispatcher.Read(r.Context(), r.Caller(), gate.Request{ID: "1", Method: "resources/read", Name: uri})
	return text, err
}

// Complete is what is offered for the variable of a template.
func (r *API) Complete(template, beginning string) ([]string, error) {
	r.Helper()
	values, _, err := r.Dispatcher.CompleteResource(r.Context(), r.Caller(), gate.Request{ID: "1", Method: "completion/complete", Name: template}, beginning)
	return values, err
}

// Answers wants an answer that holds all of the parts.
func (r *API) Answers(name, arguments string, parts ...string) string {
	r.Helper()
	text, err := r.Call(name, arguments)
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

// Refuses wants a refusal with that code and a next step that says all of the
// parts, and that no change was sent for it.
func (r *API) Refuses(name, arguments, code string, parts ...string) string {
	r.Helper()
	before := r.changes()
	text, err := r.Call(name, arguments)
	if sent := r.changes()[len(before):]; len(sent) > 0 {
		r.Errorf("%s %s: %v was sent", name, arguments, sent)
	}
	return r.Told(name+" "+arguments, text, err, code, parts...)
}

// Told wants an error with that code and a next step that says all of the parts.
func (r *API) Told(what, text string, err error, code string, parts ...string) string {
	r.Helper()
	var e *tool.Error
	if !errors.As(err, &e) || string(e.Code) != code || e.Next == "" {
		r.Errorf("%s: got %q and %v, want %s", what, text, err, code)
		return ""
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			r.Errorf("%s: got %v, want %q in it", what, e, part)
		}
	}
	return e.Error()
}

// changes are the changing operations that were sent until now.
func (r *API) changes() (sent []string) {
	for _, q := range r.Fake.Requests() {
		if slices.ContainsFunc(tsapi.Operations(), func(op tsapi.Operation) bool { return op.ID == q.Operation && op.Changes }) {
			sent = append(sent, q.Operation)
		}
	}
	return sent
}

// Sent is the body of the only request of an operation.
func (r *API) Sent(operation string) string {
	r.Helper()
	requests := slices.DeleteFunc(r.Fake.Requests(), func(q fakeapi.Request) bool { return q.Operation != operation })
	if len(requests) != 1 {
		r.Fatalf("%s was sent %d times, want once", operation, len(requests))
	}
	return string(requests[0].Body)
}
