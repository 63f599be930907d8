// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// foreign is a tool of a server, that answers with its own text.
func foreign(name string, class grant.Class) gate.Tool {
	return gate.Tool{
		Name: name, Class: class,
		Call: func(_ context.Context, call gate.Call, _ json.RawMessage) (gate.Result, error) {
			call.Progress(1, 1, "")
			return gate.Result{Content: json.RawMessage(`[{"type":"text","text":"` + name + `"}]`), Meta: json.RawMessage(`{"a":1}`)}, nil
		},
	}
}

// behind is a dispatcher with a server x.
func behind(t testing.TB) (*gate.Dispatcher, *memory) {
	t.Helper()
	log := &memory{}
	d := gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry(grant.Classes(), sample(newLatch()), tool.WhoAmI()), Audit: log, Log: slog.New(slog.DiscardHandler),
		Capability: capability, Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
	left := d.Registry().Set("x", grant.Classes(), gate.Offer{
		Tools:     []gate.Tool{foreign("get_echo", grant.Read), foreign("Read-File.v2", grant.Destructive)},
		Resources: []gate.Resource{{URI: "test://fixed", Read: func(context.Context, gate.Call, string) (gate.Result, error) { return gate.Result{}, nil }}},
		Prompts:   []gate.Prompt{{Name: "ask", Get: func(context.Context, gate.Call, map[string]string) (gate.Result, error) { return gate.Result{}, nil }}},
	})
	if len(left) > 0 {
		t.Fatal(left)
	}
	return d, log
}

// No grant for our own tools is one for a server's, be it of the same name.
func TestServersAreForNobody(t *testing.T) {
	d, _ := behind(t)
	x := d.Of("x")
	for _, entry := range grants {
		c := alice(t, entry)
		if got := len(x.Tools(c)) + len(x.Resources(c)) + len(x.Prompts(c)); got != 0 {
			t.Errorf("%s: got %d things of a server", entry, got)
		}
		if _, err := x.Call(t.Context(), c, gate.Request{Name: "get_echo"}); code(t, err) != failure.AccessDenied {
			t.Errorf("%s: calling: got %v", entry, err)
		}
		if _, _, err := x.Read(t.Context(), c, gate.Request{Name: "test://fixed"}); code(t, err) != failure.AccessDenied {
			t.Errorf("%s: reading: got %v", entry, err)
		}
		if _, err := x.Prompt(t.Context(), c, gate.Request{Name: "ask"}, nil); code(t, err) != failure.AccessDenied {
			t.Errorf("%s: prompting: got %v", entry, err)
		}
		if len(d.Tools(c)) == 0 {
			t.Errorf("%s: got none of our own tools", entry)
		}
	}
}

func TestServersAreDecidedByThemselves(t *testing.T) {
	d, log := behind(t)
	c, x := alice(t, `{"tools":["x/read:*"]}`), d.Of("x")
	if diff := cmp.Diff([]string{"get_echo"}, toolNames(x.Tools(c))); diff != "" {
		t.Errorf("tools (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"whoami"}, toolNames(d.Tools(c))); diff != "" {
		t.Errorf("our own tools (-want +got):\n%s", diff)
	}
	out, err := x.Call(t.Context(), c, gate.Request{ID: "r1", Name: "get_echo"})
	if err != nil || string(out.Content) != `[{"type":"text","text":"get_echo"}]` || string(out.Meta) != `{"a":1}` {
		t.Errorf("got %s and %s, %v; want the answer of the server", out.Content, out.Meta, err)
	}
	if got := log.all()[0]; got.Name != "x/get_echo" || got.By != "tools: x/read:*" {
		t.Errorf("got the record %+v, want it to name the server", got)
	}
	for name, want := range map[string]string{"Read-File.v2": failure.AccessDenied, "set_echo": failure.UnknownName, "whoami": failure.UnknownName} {
		_, err := x.Call(t.Context(), c, gate.Request{Name: name})
		if got := code(t, err); got != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	if _, err := d.Of("y").Call(t.Context(), c, gate.Request{Name: "get_echo"}); code(t, err) != failure.UnknownName {
		t.Errorf("a server that is not there: got %v", err)
	}
}

// What a server offers is not trusted to be what a registry can hold.
func TestSetLeavesOut(t *testing.T) {
	r := tool.NewRegistry(grant.Classes(), tool.WhoAmI())
	everyone, nothing := foreign("get_all", grant.Read), foreign("get_nothing", grant.Read)
	everyone.ForEveryone, nothing.Call = true, nil
	read := func(context.Context, gate.Call, string) (gate.Result, error) { return gate.Result{}, nil }
	left := r.Set("x", []grant.Class{grant.Read}, gate.Offer{
		Tools: []gate.Tool{
			foreign("good", grant.Read), foreign("good", grant.Destructive), foreign("", grant.Read), foreign("a b", grant.Read),
			foreign("a/b", grant.Read), foreign(strings.Repeat("x", 129), grant.Read), foreign("none", ""), foreign("made_up", "harmless"),
			foreign("outside", grant.Write), everyone, nothing,
		},
		Resources: []gate.Resource{{URI: "a://b", Read: read}, {URI: "a://b", Read: read}, {URI: "b", Read: read}, {URI: "a://c"}},
		Prompts:   []gate.Prompt{{Name: "p"}, {}},
	})
	s := r.Of("x")
	if got := toolNames(s.Tools()); !slices.Equal(got, []string{"good"}) || s.Tools()[0].Class != grant.Read {
		t.Errorf("got %q, want the first of that name", got)
	}
	if got := uris(s.Resources()); !slices.Equal(got, []string{"a://b"}) {
		t.Errorf("got %q", got)
	}
	if len(s.Prompts()) != 0 || len(left) != 9+3+2 {
		t.Errorf("got %d prompts and %v left out", len(s.Prompts()), left)
	}
	if got := panics(func() { r.Set("", nil, gate.Offer{}) }); got == "" {
		t.Error("our own tools were replaced")
	}
	r.Remove("")
	r.Remove("x")
	if len(r.Servers()) != 0 || len(r.Of("x").Tools()) != 0 || len(r.Of("").Tools()) != 1 {
		t.Errorf("got servers %q after removing", r.Servers())
	}
}

// TestSwapWhileServing: each request sees one offer, whole, and what was listed from a
// snapshot can be called for as long as it is there.
func TestSwapWhileServing(t *testing.T) {
	d, _ := behind(t)
	x, c := d.Of("x"), alice(t, everything, `{"tools":["x/*"]}`)
	offer := func(n int) gate.Offer { // of two tools of one generation
		return gate.Offer{Tools: []gate.Tool{foreign("get_both", grant.Read), foreign(fmt.Sprintf("get_%d", n), grant.Read)}}
	}
	d.Registry().Set("x", grant.Classes(), offer(0))
	stop := make(chan struct{})
	var swapping, serving sync.WaitGroup
	swapping.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			default:
				d.Registry().Set("x", grant.Classes(), offer(n))
				d.Registry().Set(fmt.Sprintf("y%d", n%8), grant.Classes(), offer(n))
				d.Registry().Remove(fmt.Sprintf("y%d", (n+4)%8))
			}
		}
	})
	for range 16 {
		serving.Go(func() {
			for range 200 {
				listed := toolNames(x.Tools(c))
				if len(listed) != 2 || !slices.Contains(listed, "get_both") {
					t.Errorf("got %q, want both tools of one generation", listed)
				}
				if _, err := x.Call(context.Background(), c, gate.Request{Name: "get_both"}); err != nil {
					t.Errorf("got %v from a tool that was always there", err)
				}
				for _, name := range listed { // it may have gone meanwhile, and then nothing says more
					if _, err := x.Call(context.Background(), c, gate.Request{Name: name}); err != nil && code(t, err) != failure.UnknownName {
						t.Errorf("%s was listed: got %v", name, err)
					}
				}
				if got := len(d.Tools(c)); got != 8 {
					t.Errorf("got %d of our own tools, want 8", got)
				}
			}
		})
	}
	serving.Wait()
	close(stop)
	swapping.Wait()
}
