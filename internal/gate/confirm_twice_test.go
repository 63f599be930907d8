// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

const doubt = "one scale says full, the other half full"

// doubtful is a shelf about which there is a doubt.
func doubtful(t *testing.T) (*shelf, harness) {
	t.Helper()
	s := &shelf{state: "full"}
	return s, newHarness(t, tool.Set{Tools: []tool.Tool{
		tool.New(define("remove_one", grant.Escalating), func(_ context.Context, call tool.Call, in removal) (message, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := call.ConfirmTwice(in.Confirmation, "shelf of "+in.Text, "removes "+in.Text+", which is "+s.state, doubt); err != nil {
				return message{}, err
			}
			s.removed++
			return message{Text: "removed"}, nil
		}),
	}})
}

// The first code brings the doubt and a second code, and only that makes the change.
func TestConfirmTwice(t *testing.T) {
	s, h := doubtful(t)
	with := func(code string) error {
		t.Helper()
		_, err := h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+code+`"}`)
		if err != nil {
			told.Check(t, err)
		}
		return err
	}
	refused := func(err error, parts ...string) string {
		t.Helper()
		code := tooltest.CodeOf(err)
		if code == "" || s.count() != 0 {
			t.Fatalf("got %v and %d removed, want a refusal with a code", err, s.count())
		}
		for _, part := range parts {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("got %v, want %q in it", err, part)
			}
		}
		return code
	}
	first := refused(with(""), "this removes web-1, which is full\n"+doubt)
	second := refused(with(first), "this is doubtful: "+doubt+". This removes web-1, which is full")
	if second == first {
		t.Errorf("got the code %s twice", first)
	}
	third := refused(with(first), "the code in confirm is not good for this call", "is doubtful: "+doubt)
	if err := with(third); err != nil || s.count() != 1 {
		t.Errorf("got %v and %d removed, want it done by the last code", err, s.count())
	}
	if events := events(h.audit.all()); count(events, audit.Confirmation) != 1 {
		t.Errorf("got the records %v, want one confirmation", events)
	}
	// The other second code is still good, for the next change of the kind; the first is not.
	before := s.count()
	if err := with(first); err == nil || s.count() != before {
		t.Errorf("got %v and %d removed, want the first code used up", err, s.count())
	}
}

// A second code is for what was said when it was handed out.
func TestConfirmTwiceOfAnotherReading(t *testing.T) {
	s, h := doubtful(t)
	call := func(code string) error {
		_, err := h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+code+`"}`)
		return err
	}
	second := tooltest.CodeOf(call(tooltest.CodeOf(call(""))))
	s.now("half empty")
	err := call(second)
	if next := tooltest.CodeOf(err); next == "" || s.count() != 0 || !strings.Contains(err.Error(), "has changed since its code was handed out") || !strings.Contains(err.Error(), "half empty") {
		t.Errorf("got %v and %d removed, want what changed told", err, s.count())
	} else if err := call(next); err != nil || s.count() != 1 {
		t.Errorf("got %v and %d removed", err, s.count())
	}
}

// A person is asked twice, the second time for the doubt, and either no ends it.
func TestAsksTwice(t *testing.T) {
	for name, c := range map[string]struct {
		answers []gate.Answer
		removed int
	}{
		"yes and yes": {[]gate.Answer{gate.Accepted, gate.Accepted}, 1},
		"no":          {[]gate.Answer{gate.Declined}, 0},
		"yes and no":  {[]gate.Answer{gate.Accepted, gate.Declined}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, h := doubtful(t)
			given := map[string]gate.Answer{}
			r := gate.Request{ID: "r1", Name: "remove_one", Arguments: json.RawMessage(`{"text":"web-1"}`), Answer: func(key string) gate.Answer { return given[key] }}
			for i, answer := range c.answers {
				var told *failure.Error
				if _, err := h.Call(t.Context(), alice(t, everything), r); !errors.As(err, &told) || told.Ask == nil || s.count() != 0 {
					t.Fatalf("got %v and %d removed, want question %d", err, s.count(), i+1)
				}
				want := []string{
					`"shelf of web-1": this removes web-1, which is full` + "\n" + doubt + ". Do you want that?",
					`"shelf of web-1": this is doubtful: ` + doubt + ". This removes web-1, which is full. Do you want that?",
				}[i]
				if told.Ask.Text != want {
					t.Errorf("got %q asked, want %q", told.Ask.Text, want)
				}
				given[told.Ask.Key] = answer // a client may send its earlier answers again
			}
			_, err := h.Call(t.Context(), alice(t, everything), r)
			if s.count() != c.removed || (err == nil) != (c.removed == 1) {
				t.Errorf("got %v and %d removed, want %d", err, s.count(), c.removed)
			}
			if err != nil && !strings.Contains(err.Error(), "does not want it") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func count[T comparable](list []T, wanted T) int {
	return len(slices.DeleteFunc(slices.Clone(list), func(v T) bool { return v != wanted }))
}
