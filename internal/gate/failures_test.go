// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// TestFailures: whatever goes wrong inside, the caller is told with a code and
// a next step and learns nothing of the inside; the log does.
func TestFailures(t *testing.T) {
	const secret = "tskey-api-secret"
	for _, tt := range []struct {
		name string
		run  func(ctx context.Context) (map[string]any, error)
		want string
	}{
		{"an error", func(context.Context) (map[string]any, error) { return nil, errors.New(secret) }, failure.Internal},
		{"a panic", func(context.Context) (map[string]any, error) { panic(secret) }, failure.Internal},
		{"a nil pointer", func(context.Context) (map[string]any, error) {
			var p *message
			return map[string]any{secret: p.Text}, nil
		}, failure.Internal},
		{"an answer that is no JSON", func(context.Context) (map[string]any, error) { return map[string]any{secret: math.NaN()}, nil }, failure.Internal},
		{"a cancellation of its own", func(context.Context) (map[string]any, error) {
			return nil, fmt.Errorf("%s: %w", secret, context.Canceled)
		}, failure.Cancelled},
		{"a deadline of its own", func(context.Context) (map[string]any, error) {
			return nil, fmt.Errorf("%s: %w", secret, context.DeadlineExceeded)
		}, failure.Timeout},
		{"upstream", func(context.Context) (map[string]any, error) {
			return nil, fmt.Errorf("%s: %w", secret, &tsapi.Error{Code: failure.RateLimited, Message: "too many requests", Next: "wait a minute"})
		}, "rate_limited"},
		{"upstream without a next step", func(context.Context) (map[string]any, error) {
			return nil, &tsapi.Error{Code: failure.Conflict, Message: "the state is another"}
		}, "conflict"},
		{"its own words", func(context.Context) (map[string]any, error) {
			return nil, fmt.Errorf("%s: %w", secret, tool.Invalidf("", "device is %s", "wrong"))
		}, failure.InvalidArgument},
	} {
		for _, class := range []grant.Class{grant.Read, grant.Write} {
			t.Run(tt.name+", "+string(class), func(t *testing.T) {
				h := newHarness(t, tool.Set{Tools: []tool.Tool{tool.New(define("fail", class),
					func(ctx context.Context, _ tool.Call, _ struct{}) (map[string]any, error) { return tt.run(ctx) })}})
				out, err := h.call(t.Context(), alice(t, everything), "fail", ``)
				if got := code(t, err); got != tt.want || out != "" {
					t.Fatalf("got %s and %q (%v), want %s", out, got, err, tt.want)
				}
				told.Check(t, err)
				if strings.Contains(err.Error(), secret) {
					t.Errorf("got %v, want nothing of the inside", err)
				}
				records := h.audit.all()
				if text := fmt.Sprintf("%+v", records); strings.Contains(text, secret) || len(records) != 2 || records[1].Code != tt.want {
					t.Errorf("got %s, want the outcome and nothing of the inside", text)
				}
				if tt.want == failure.Internal {
					if class != grant.Read && !strings.Contains(err.Error(), "whether the change was made is not known") {
						t.Errorf("got %v, want that the outcome is not known", err)
					}
					if !strings.Contains(err.Error(), "r1") || !strings.Contains(h.log.String(), "request=r1") {
						t.Errorf("got %v and log %s, want the request in both", err, h.log)
					}
				}
			})
		}
	}
}

// TestPanicInOthersHands: resources, prompts and completions are guarded too.
func TestPanicInOthersHands(t *testing.T) {
	complete := func(context.Context, string) ([]string, error) { panic("secret") }
	h := newHarness(t, tool.Set{
		Resources: []tool.Resource{{URI: "own://x/{id}", Read: func(context.Context, string) (string, error) { panic("secret") }, Complete: complete}},
		Prompts: []tool.Prompt{{
			Name: "own", Tools: []string{"get_echo"}, Render: func(map[string]string) string { panic("secret") },
			Arguments: []tool.Argument{{Name: "a", Complete: complete}},
		}},
	})
	c := alice(t, everything)
	_, _, err1 := h.Read(t.Context(), c, gate.Request{Name: "own://x/1"})
	_, err2 := h.Prompt(t.Context(), c, gate.Request{Name: "own"}, nil)
	_, _, err3 := h.CompleteResource(t.Context(), c, gate.Request{Name: "own://x/{id}"}, "")
	_, _, err4 := h.CompletePrompt(t.Context(), c, gate.Request{Name: "own"}, "a", "")
	for i, err := range []error{err1, err2, err3, err4} {
		if got := code(t, err); got != failure.Internal || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: got %v, want %s without the cause", i, err, failure.Internal)
		}
	}
}

// TestTooLarge: refused whole with the narrowing to use, and a change says that
// it was made.
func TestTooLarge(t *testing.T) {
	sized := func(size int) func(context.Context, tool.Call, struct{}) (message, error) {
		return func(context.Context, tool.Call, struct{}) (message, error) {
			return message{Text: strings.Repeat("x", size-len(`{"text":""}`))}, nil
		}
	}
	narrow := define("get_narrow", grant.Read)
	narrow.Narrow = "filter by tag"
	h := newHarness(t, tool.Set{
		Tools: []tool.Tool{
			tool.New(define("get_just", grant.Read), sized(gate.DefaultLimit)),
			tool.New(define("get_over", grant.Read), sized(gate.DefaultLimit+1)),
			tool.New(narrow, sized(gate.DefaultLimit+1)),
			tool.New(define("set_over", grant.Write), sized(gate.DefaultLimit+1)),
		},
		Resources: []tool.Resource{{URI: "own://large", Read: func(context.Context, string) (string, error) {
			return strings.Repeat("x", 1<<20+1), nil
		}}},
		Prompts: []tool.Prompt{{Name: "large", Tools: []string{"get_echo"}, Render: func(map[string]string) string { return strings.Repeat("x", gate.DefaultLimit+1) }}},
	})
	c := alice(t, everything)
	if out, err := h.call(t.Context(), c, "get_just", ``); err != nil || len(out) != gate.DefaultLimit {
		t.Errorf("got %d bytes, error %v; want the whole limit", len(out), err)
	}
	resource := func() (string, error) { return h.read(c, "own://large") }
	prompt := func() (string, error) {
		out, err := h.Prompt(t.Context(), c, gate.Request{Name: "large"}, nil)
		return out.Text, err
	}
	called := func(name string) func() (string, error) {
		return func() (string, error) { return h.call(t.Context(), c, name, ``) }
	}
	for _, tt := range []struct {
		name string
		do   func() (string, error)
		want []string
	}{
		{"a tool", called("get_over"), []string{"98305 bytes", "limit of 98304", "Next step: ask for less at once"}},
		{"a tool that says how", called("get_narrow"), []string{"Next step: filter by tag"}},
		{"a change", called("set_over"), []string{"the change was made", "Next step: do not repeat the call"}},
		{"a resource", resource, []string{"1048577 bytes", "limit of 1048576", "Next step: "}},
		{"a prompt", prompt, []string{"98305 bytes", "Next step: "}},
	} {
		out, err := tt.do()
		if got := code(t, err); got != failure.ResultTooLarge || out != "" {
			t.Errorf("%s: got %d bytes and %q, want none and %s", tt.name, len(out), got, failure.ResultTooLarge)
			continue
		}
		told.Check(t, err)
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q in it", tt.name, err, want)
			}
		}
	}
}

func TestUnknownNames(t *testing.T) {
	h := newHarness(t)
	c := alice(t, everything)
	for _, name := range []string{"", "nothing", "*", "get_echo ", "GET_ECHO", "get_echo\x00", "\x1b[2J\u202e", "test://", strings.Repeat("x", 1<<20)} {
		_, err1 := h.call(t.Context(), c, name, ``)
		_, _, err2 := h.Read(t.Context(), c, gate.Request{Name: name})
		_, err3 := h.Prompt(t.Context(), c, gate.Request{Name: name}, nil)
		_, _, err4 := h.CompleteResource(t.Context(), c, gate.Request{Name: name}, "")
		_, _, err5 := h.CompletePrompt(t.Context(), c, gate.Request{Name: name}, "a", "")
		for i, err := range []error{err1, err2, err3, err4, err5} {
			if got := code(t, err); got != failure.UnknownName {
				t.Errorf("%d, %.40q: got %v, want %s", i, name, err, failure.UnknownName)
				continue
			}
			told.Check(t, err)
		}
	}
	for _, r := range h.audit.all() {
		if r.Allowed || r.Event != audit.Decision || !strings.HasPrefix(r.Reason, "no such ") {
			t.Errorf("got %+v, want it recorded as refused", r)
		}
	}
}
