// SPDX-License-Identifier: MIT

// Package tooltest has a small set of tools of every class, and an audit log
// that remembers, for tests of the stages around package gate. It imports gate, tool,
// audit and grant. Nothing in it fails but what a test asks to fail.
package tooltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// Secret is what must never reach a client: it is in every panic and in every
// error that has no code.
const Secret = "tskey-a-secret-that-stays-here"

// Weight is how many calls the heavy tool get_slow counts as.
const Weight = 8

// Stuck is the time limit of the tools that never end by themselves.
const Stuck = 50 * time.Millisecond

// Echo is the input and output of most tools here.
type Echo struct {
	Text string `json:"text,omitempty" jsonschema:"what to say"`
}

// Asked is the input of a change that has to be confirmed.
type Asked struct {
	tool.Confirmation
	Text string `json:"text" jsonschema:"what is deleted"`
}

func asked(_ context.Context, call tool.Call, in Asked) (Echo, error) {
	if err := call.Confirm(in.Confirmation, in.Text, "deletes "+in.Text); err != nil {
		return Echo{}, err
	}
	return Echo{Text: "deleted " + in.Text}, nil
}

// Slow is the input of the tools that take their time.
type Slow struct {
	Steps int `json:"steps,omitempty" jsonschema:"how many reports of progress to make" min:"0" max:"1000"`
	// Gate names a gate to wait at, see Tools.Open.
	Gate string `json:"gate,omitempty" jsonschema:"gate to wait at before ending"`
	Text string `json:"text,omitempty" jsonschema:"what to say in the end"`
}

// Things is the answer of list_things.
type Things struct {
	tool.Listed
	Things []string `json:"things" jsonschema:"the things"`
}

// Tools is the set with its memory.
type Tools struct {
	mu       sync.Mutex
	arrived  map[string]chan struct{}
	gates    map[string]chan struct{}
	finished []string
	ran      map[string]int
}

// New returns a set whose gates are closed.
func New() *Tools {
	return &Tools{arrived: map[string]chan struct{}{}, gates: map[string]chan struct{}{}, ran: map[string]int{}}
}

func (t *Tools) channel(m map[string]chan struct{}, name string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m[name] == nil {
		m[name] = make(chan struct{})
	}
	return m[name]
}

// Arrived is closed when a call waits at the gate. One call waits at one gate.
func (t *Tools) Arrived(gate string) <-chan struct{} { return t.channel(t.arrived, gate) }

// Open lets the call at the gate go on.
func (t *Tools) Open(gate string) { close(t.channel(t.gates, gate)) }

// Finished are the texts of slow calls and changes, in the order they ended;
// those that were cancelled have "cancelled: " in front.
func (t *Tools) Finished() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.finished)
}

// Ran says how often each tool's code was entered, by "login tool".
func (t *Tools) Ran() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.ran)
}

func (t *Tools) note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finished = append(t.finished, text)
}

func (t *Tools) slow(ctx context.Context, call tool.Call, in Slow) (Echo, error) {
	for i := range in.Steps {
		call.Progress(float64(i+1), float64(in.Steps), in.Text)
	}
	if in.Gate != "" {
		close(t.channel(t.arrived, in.Gate))
		select {
		case <-t.channel(t.gates, in.Gate):
		case <-ctx.Done():
			t.note("cancelled: " + in.Text)
			return Echo{}, ctx.Err()
		}
	}
	t.note(in.Text)
	return Echo{Text: in.Text}, nil
}

// things answers with ten things, page by page.
func things(_ context.Context, call tool.Call, in tool.Paging) (Things, error) {
	all := make([]string, 10)
	for i := range all {
		all[i] = fmt.Sprintf("thing-%d", i)
	}
	page, listed, err := tool.Page(call, in, "list_things", all, func(s string) string { return s })
	return Things{listed, page}, err
}

// counted makes a tool that remembers who ran it.
func counted[In, Out any](t *Tools, d tool.Definition, run func(context.Context, tool.Call, In) (Out, error)) tool.Tool {
	d.Title, d.Description, d.Narrow = d.Name, "For tests: "+d.Name+".", "say less"
	if d.Timeout == 0 {
		d.Timeout = time.Minute
	}
	return tool.New(d, func(ctx context.Context, call tool.Call, in In) (Out, error) {
		t.mu.Lock()
		t.ran[call.Caller.Login+" "+d.Name]++
		t.mu.Unlock()
		return run(ctx, call, in)
	})
}

// Set returns the tools, one fixed resource, one family and one prompt.
func (t *Tools) Set() tool.Set {
	echo := func(_ context.Context, _ tool.Call, in Echo) (Echo, error) { return in, nil }
	panics := func(context.Context, tool.Call, Echo) (Echo, error) { panic(Secret) }
	fails := func(context.Context, tool.Call, Echo) (Echo, error) { return Echo{}, errors.New(Secret) }
	large := func(context.Context, tool.Call, Echo) (Echo, error) {
		return Echo{Text: strings.Repeat("x", gate.DefaultLimit)}, nil
	}
	stuck := func(ctx context.Context, _ tool.Call, _ Echo) (Echo, error) {
		<-ctx.Done()
		return Echo{}, ctx.Err()
	}
	define := func(name, group string, class grant.Class) tool.Definition {
		return tool.Definition{Name: name, Group: group, Class: class}
	}
	heavy := func(d tool.Definition) tool.Definition {
		d.Weight = Weight
		return d
	}
	timed := func(d tool.Definition) tool.Definition {
		d.Timeout = Stuck
		return d
	}
	return tool.Set{
		Tools: []tool.Tool{
			counted(t, define("get_echo", "alpha", grant.Read), echo),
			counted(t, define("get_other", "beta", grant.Read), echo),
			counted(t, define("list_things", "alpha", grant.Read), things),
			counted(t, heavy(define("get_slow", "alpha", grant.Read)), t.slow),
			counted(t, define("set_slow", "alpha", grant.Write), t.slow),
			counted(t, define("set_echo", "alpha", grant.Write), echo),
			counted(t, define("delete_echo", "alpha", grant.Destructive), echo),
			counted(t, define("delete_asked", "alpha", grant.Destructive), asked),
			counted(t, define("create_key", "beta", grant.Escalating), echo),
			counted(t, define("get_panic", "alpha", grant.Read), panics),
			counted(t, define("set_panic", "alpha", grant.Write), panics),
			counted(t, define("get_error", "alpha", grant.Read), fails),
			counted(t, define("get_large", "alpha", grant.Read), large),
			counted(t, timed(define("get_stuck", "alpha", grant.Read)), stuck),
			counted(t, timed(define("set_stuck", "alpha", grant.Write)), stuck),
		},
		Resources: resources(),
		Prompts: []tool.Prompt{{
			Name: "ask", Title: "Ask", Description: "For tests.", Tools: []string{"get_echo", "get_other"},
			Arguments: []tool.Argument{
				{
					Name: "what", Description: "what to ask", Required: true,
					Complete: func(_ context.Context, prefix string) ([]string, error) { return []string{prefix + "!"}, nil },
				},
				{Name: "how", Description: "how to ask"},
			},
			Render: func(a map[string]string) string { return "ask about " + a["what"] },
		}},
	}
}

func resources() []tool.Resource {
	return []tool.Resource{
		{
			URI: "test://fixed", Name: "fixed", Title: "Fixed", Description: "For tests.", MIMEType: "text/plain",
			Read: func(context.Context, string) (string, error) { return "fixed", nil },
		},
		{
			URI: "test://thing/{id}", Alias: "test://thing", Name: "thing", Title: "Thing", Description: "For tests.", MIMEType: "text/plain",
			Read: func(_ context.Context, id string) (string, error) {
				if id == "none" {
					return "", errors.New(Secret)
				}
				return "thing " + id, nil
			},
			Complete: func(_ context.Context, prefix string) ([]string, error) {
				return slices.DeleteFunc([]string{"one", "only", "two"}, func(s string) bool { return !strings.HasPrefix(s, prefix) }), nil
			},
		},
	}
}
