// SPDX-License-Identifier: MIT

package gate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

const capability = "jaxxstorm.com/cap/mcp"

// harness is a dispatcher with everything around it that a test looks at.
type harness struct {
	*gate.Dispatcher
	gate  *latch
	audit *memory
	log   *lockedBuffer
}

// newHarness offers everything, and sets on top of the usual one.
func newHarness(t testing.TB, sets ...tool.Set) harness {
	t.Helper()
	return newHarnessWithin(t, grant.Classes(), sets...)
}

func newHarnessWithin(t testing.TB, ceiling []grant.Class, sets ...tool.Set) harness {
	t.Helper()
	h := harness{gate: newLatch(), audit: &memory{}, log: &lockedBuffer{}}
	h.Dispatcher = gate.NewDispatcher(gate.Options{
		Registry:   tool.NewRegistry(ceiling, append(sets, sample(h.gate), tool.WhoAmI())...),
		Audit:      h.audit,
		Log:        slog.New(slog.NewTextHandler(h.log, nil)),
		Capability: capability,
		Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
	return h
}

// call calls a tool with arguments.
func (h harness) call(ctx context.Context, c caller.Caller, name, arguments string) (string, error) {
	out, err := h.Call(ctx, c, gate.Request{ID: "r1", Method: "tools/call", Name: name, Arguments: json.RawMessage(arguments)})
	return string(out.Structured), err
}

func (h harness) read(c caller.Caller, uri string) (string, error) {
	text, _, err := h.Read(context.Background(), c, gate.Request{ID: "r1", Method: "resources/read", Name: uri})
	return text, err
}

// message is the input and output of most tools here.
type message struct {
	Text string `json:"text,omitempty" jsonschema:"what to say"`
}

func echo(_ context.Context, _ tool.Call, in message) (message, error) { return in, nil }

// latch is where a call waits, and notes how it ended.
type latch struct {
	arrived, open chan struct{}

	mu    sync.Mutex
	ended []string
}

func newLatch() *latch { return &latch{arrived: make(chan struct{}), open: make(chan struct{})} }

func (g *latch) pass(ctx context.Context, _ tool.Call, in message) (message, error) {
	close(g.arrived)
	var err error
	select {
	case <-g.open:
	case <-ctx.Done():
		err = ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = append(g.ended, fmt.Sprint(in.Text, " ", err))
	return in, err
}

// sample has tools of every class, a fixed resource, a family and a prompt.
func sample(g *latch) tool.Set {
	in := func(group, name string, class grant.Class) tool.Definition {
		d := define(name, class)
		d.Group = group
		return d
	}
	return tool.Set{
		Tools: []tool.Tool{
			tool.New(in("alpha", "get_echo", grant.Read), echo),
			tool.New(in("beta", "get_other", grant.Read), echo),
			tool.New(in("alpha", "get_gate", grant.Read), g.pass),
			tool.New(in("alpha", "set_gate", grant.Write), g.pass),
			tool.New(in("alpha", "set_echo", grant.Write), echo),
			tool.New(in("alpha", "delete_echo", grant.Destructive), echo),
			tool.New(in("beta", "create_key", grant.Escalating), echo),
		},
		Resources: []tool.Resource{
			{URI: "test://fixed", Name: "fixed", MIMEType: "text/plain", Read: func(context.Context, string) (string, error) { return "fixed", nil }},
			{
				URI: "test://thing/{+id}", Alias: "test://thing", Name: "thing", MIMEType: "text/plain",
				Read: func(_ context.Context, id string) (string, error) { return "thing " + id, nil },
				Complete: func(_ context.Context, prefix string) ([]string, error) {
					return slices.DeleteFunc([]string{"one", "only", "two"}, func(s string) bool { return !strings.HasPrefix(s, prefix) }), nil
				},
			},
		},
		Prompts: []tool.Prompt{{
			Name: "ask", Tools: []string{"get_echo", "get_other"},
			Arguments: []tool.Argument{{
				Name: "what", Description: "what to ask", Required: true,
				Complete: func(_ context.Context, prefix string) ([]string, error) { return []string{prefix + "!"}, nil },
			}},
			Render: func(a map[string]string) string { return "ask about " + a["what"] },
		}},
	}
}

// memory is an audit log that remembers, and fails when told to.
type memory struct {
	mu      sync.Mutex
	records []audit.Record
	err     error
}

// Write implements audit.Log. It is as strict as one may be: it does not write
// for somebody who has gone.
func (m *memory) Write(ctx context.Context, r audit.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.err == nil {
		m.records = append(m.records, r)
	}
	return m.err
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *memory) all() []audit.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// alice is a user with these entries granted.
func alice(t testing.TB, entries ...string) caller.Caller {
	t.Helper()
	rules, err := grant.Parse(entries)
	if err != nil {
		t.Fatal(err)
	}
	return caller.Caller{
		Login: "alice@example.com", Node: "laptop.example.ts.net", NodeID: "nLaptop",
		Addr: netip.MustParseAddrPort("100.64.0.1:40000"), Rules: rules,
	}
}

const (
	everything = `{"tools":["*","escalating:*"],"resources":["*"]}`
	reads      = `{"tools":["read:*"]}`
)

// code is the code of what the caller was told, empty without an error.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	told, ok := err.(*failure.Error) //nolint:errorlint // it must be one
	if !ok {
		t.Fatalf("got %#v, want a *failure.Error", err)
	}
	return string(told.Code)
}

// define is a definition for a test's own tool.
func define(name string, class grant.Class) tool.Definition {
	return tool.Definition{Name: name, Title: name, Group: "own", Class: class, Description: "For a test."}
}

func events(records []audit.Record) []audit.Event {
	out := make([]audit.Event, len(records))
	for i, r := range records {
		out[i] = r.Event
	}
	return out
}

func names[T any](list []T, name func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = name(v)
	}
	return slices.Clip(out)
}
