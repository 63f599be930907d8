// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// steps notes in what order things happen.
type steps struct {
	mu   sync.Mutex
	list []string
	fail string // the event whose record cannot be written
}

func (s *steps) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, text)
}

// Write implements audit.Log.
func (s *steps) Write(ctx context.Context, r audit.Record) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if string(r.Event) == s.fail {
		return errors.New("the disk is full")
	}
	s.note(string(r.Event))
	return nil
}

// dispatcher has one tool of every class that notes when it runs.
func (s *steps) dispatcher(log *lockedBuffer) *gate.Dispatcher { return s.dispatch(log, false) }

// asking is dispatcher on a host where persons have to be asked.
func (s *steps) asking(log *lockedBuffer) *gate.Dispatcher { return s.dispatch(log, true) }

func (s *steps) dispatch(log *lockedBuffer, askPerson bool) *gate.Dispatcher {
	var set tool.Set
	for _, class := range grant.Classes() {
		set.Tools = append(set.Tools, tool.New(define("do_"+string(class), class), func(context.Context, tool.Call, struct{}) (message, error) {
			s.note("run")
			return message{Text: "done"}, nil
		}))
	}
	set.Resources = []tool.Resource{{URI: "own://one", Read: func(context.Context, string) (string, error) {
		s.note("run")
		return "text", nil
	}}}
	return gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry(grant.Classes(), set), Audit: s, Log: slog.New(slog.NewTextHandler(log, nil)),
		Capability: capability, Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} }, AskPerson: askPerson,
	})
}

// TestDecisionComesFirst: nothing runs before it was decided and recorded, and
// what was not allowed does not run at all.
func TestDecisionComesFirst(t *testing.T) {
	for _, class := range grant.Classes() {
		for name, want := range map[string][]string{
			everything: {"decision", "run", "outcome"},
			`{}`:       {"decision"},
		} {
			var s steps
			_, err := s.dispatcher(&lockedBuffer{}).Call(t.Context(), alice(t, name), gate.Request{Name: "do_" + string(class)})
			if (err == nil) != (len(want) > 1) {
				t.Errorf("%s with %s: got error %v", class, name, err)
			}
			if diff := cmp.Diff(want, s.list); diff != "" {
				t.Errorf("%s with %s (-want +got):\n%s", class, name, diff)
			}
		}
	}
}

// TestAuditFailure: whatever is not a read does not happen without its record.
func TestAuditFailure(t *testing.T) {
	for _, class := range grant.Classes() {
		for _, failing := range []string{"decision", "outcome"} {
			for entry, granted := range map[string]bool{everything: true, `{}`: false} {
				t.Run(fmt.Sprintf("%s, %s lost, granted %v", class, failing, granted), func(t *testing.T) {
					s, log := steps{fail: failing}, &lockedBuffer{}
					out, err := s.dispatcher(log).Call(t.Context(), alice(t, entry), gate.Request{ID: "r1", Name: "do_" + string(class)})
					want := ""
					switch {
					case !granted:
						want = failure.AccessDenied
					case class != grant.Read && failing == "decision":
						want = failure.AuditFailed
					}
					if got := code(t, err); got != want {
						t.Fatalf("got %q (%v), want %q", got, err, want)
					}
					if ran := slices.Contains(s.list, "run"); ran != (want == "") {
						t.Errorf("ran: %v, want %v", ran, want == "")
					}
					if want == "" && string(out.Structured) != `{"text":"done"}` {
						t.Errorf("got %s, want the answer", out.Structured)
					}
					if err != nil {
						told.Check(t, err)
					}
					lost := failing == "decision" || granted
					if got := strings.Contains(log.String(), "the disk is full"); got != lost {
						t.Errorf("the loss is in the log: %v, want %v: %s", got, lost, log)
					}
				})
			}
		}
	}
}

func TestReadSurvivesAuditFailure(t *testing.T) {
	s := steps{fail: "decision"}
	text, _, err := s.dispatcher(&lockedBuffer{}).Read(t.Context(), alice(t, everything), gate.Request{Name: "own://one"})
	if err != nil || text != "text" {
		t.Errorf("got %q, error %v; want the resource", text, err)
	}
}

// TestRecords holds what is written about a call against what happened.
func TestRecords(t *testing.T) {
	h := newHarness(t, tool.Set{Tools: []tool.Tool{
		tool.New(define("get_upstream", grant.Read), func(context.Context, tool.Call, struct{}) (message, error) {
			return message{}, &tsapi.Error{Code: failure.PlanLimit, Status: http.StatusPaymentRequired, Message: "not in this plan", Next: "pay"}
		}),
		tool.New(define("get_named", grant.Read), func(_ context.Context, _ tool.Call, in message) (message, error) {
			return message{}, &tsapi.Error{Code: failure.NotFound, Message: "nothing is called " + in.Text, Next: "list them"}
		}),
		tool.New(define("get_confirmed", grant.Read), func(_ context.Context, call tool.Call, in tool.Confirmation) (message, error) {
			return message{}, call.Confirm(in, "123456", "removes the webhook to https://example.com/secret")
		}),
	}})
	c := alice(t, reads)
	base := audit.Record{
		RequestID: "r1", Login: "alice@example.com", Node: "laptop.example.ts.net", NodeID: "nLaptop", Addr: c.Addr,
		Claimed: "x-tailscale-user=root", ClientName: "claude", ClientVersion: "1.2", Method: "tools/call", Class: "read",
	}
	ignore := cmpopts.IgnoreFields(audit.Record{}, "Time", "Duration", "Addr")
	for _, tt := range []struct {
		name, arguments string
		want            []audit.Record
	}{
		{"get_echo", `{"text":"tskey-auth-secret"}`, []audit.Record{
			{Event: audit.Decision, Allowed: true, By: "tools: read:*"},
			{Event: audit.Outcome, Allowed: true, By: "tools: read:*"},
		}},
		{"get_upstream", ``, []audit.Record{
			{Event: audit.Decision, Allowed: true, By: "tools: read:*"},
			{Event: audit.Outcome, Allowed: true, By: "tools: read:*", Code: "plan_limit", Reason: "not in this plan", UpstreamStatus: http.StatusPaymentRequired},
		}},
		{"get_named", `{"text":"tskey-auth-secret"}`, []audit.Record{
			{Event: audit.Decision, Allowed: true, By: "tools: read:*"},
			{Event: audit.Outcome, Allowed: true, By: "tools: read:*", Code: "not_found"},
		}},
		{"get_echo", `{"tskey-auth-secret":1}`, []audit.Record{
			{Event: audit.Decision, Allowed: true, By: "tools: read:*"},
			{Event: audit.Outcome, Allowed: true, By: "tools: read:*", Code: "invalid_argument"},
		}},
		{"get_confirmed", `{"confirm":"tskey-auth-secret"}`, []audit.Record{
			{Event: audit.Decision, Allowed: true, By: "tools: read:*"},
			{Event: audit.Outcome, Allowed: true, By: "tools: read:*", Code: "confirmation_required", Target: "123456"},
		}},
		{"set_echo", `{"text":"tskey-auth-secret"}`, []audit.Record{{Event: audit.Decision, Class: "write", Reason: "no grant allows it", Target: "alpha"}}},
		{"get_nothing", ``, []audit.Record{{Event: audit.Decision, Class: "none", Reason: "no such tool"}}},
	} {
		before := len(h.audit.all())
		_, _ = h.Call(t.Context(), c, gate.Request{
			ID: "r1", ClientName: "claude", ClientVersion: "1.2", Claimed: "x-tailscale-user=root", Method: "tools/call", Name: tt.name, Arguments: []byte(tt.arguments),
		})
		got := h.audit.all()[before:]
		for i := range tt.want {
			w := base
			w.Event, w.Allowed, w.By, w.Code, w.Reason, w.Name = tt.want[i].Event, tt.want[i].Allowed, tt.want[i].By, tt.want[i].Code, tt.want[i].Reason, tt.name
			w.Target, w.UpstreamStatus = tt.want[i].Target, tt.want[i].UpstreamStatus
			w.Arguments = audit.Digest([]byte(tt.arguments))
			switch tt.want[i].Class {
			case "":
			case "none":
				w.Class = ""
			default:
				w.Class = tt.want[i].Class
			}
			tt.want[i] = w
		}
		if diff := cmp.Diff(tt.want, got, ignore); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.name, tt.arguments, diff)
		}
		for _, r := range got {
			if text := fmt.Sprintf("%+v", r); strings.Contains(text, "secret") {
				t.Errorf("got %s, want no argument in a record", text)
			}
			if r.Addr != c.Addr || time.Since(r.Time) > time.Minute {
				t.Errorf("got address %v and time %v", r.Addr, r.Time)
			}
		}
	}
}

// TestRecordsAreBounded: a client cannot fill the journal with one request.
func TestRecordsAreBounded(t *testing.T) {
	h := newHarness(t)
	long := strings.Repeat("\xff\x1bé", 1<<13)
	r := gate.Request{ID: "r1", ClientName: long, ClientVersion: long, Claimed: long, Method: long, Name: long, Arguments: []byte(long)}
	_, err := h.Call(t.Context(), alice(t, reads), r)
	told.Check(t, err)
	_, _, err = h.Read(t.Context(), alice(t, reads), r)
	told.Check(t, err)
	_, err = h.Prompt(t.Context(), alice(t, reads), r, nil)
	told.Check(t, err)
	r.Name = "test://thing/" + strings.Repeat("a*", 1<<13)
	_, _, err = h.Read(t.Context(), alice(t, reads), r)
	told.Check(t, err)
	if got := len(h.audit.all()); got != 4 {
		t.Fatalf("got %d records, want 4", got)
	}
	for _, r := range h.audit.all() {
		if size := len(fmt.Sprintf("%+v", r)); size > 8192 {
			t.Errorf("got a record of %d bytes, want a short one", size)
		}
	}
}

// TestRefusedAndListed: what has no decision of its own is recorded too, and
// failing to does no harm.
func TestRefusedAndListed(t *testing.T) {
	h := newHarness(t)
	r := gate.Request{ID: "r9", Method: "tools/list"}
	h.Refused(t.Context(), caller.Caller{}, r, "tailscaled knows no peer at this address")
	h.Listed(t.Context(), alice(t, reads), r, 3, 10)
	got := h.audit.all()
	if len(got) != 2 || got[0].Allowed || got[0].Reason == "" || got[0].Event != audit.Decision {
		t.Errorf("got %+v, want the refusal", got)
	}
	if len(got) != 2 || !got[1].Allowed || got[1].Reason != "3 of 10" || got[1].Login != "alice@example.com" {
		t.Errorf("got %+v, want the listing", got)
	}
	h.audit.fail(errors.New("the disk is full"))
	h.Refused(t.Context(), caller.Caller{}, r, "")
	h.Listed(t.Context(), alice(t, reads), r, 3, 10)
	if n := strings.Count(h.log.String(), "audit record lost"); n != 2 {
		t.Errorf("got log %s, want both losses in it", h.log)
	}
}

// TestAuditFileIsNamed: who is refused for the audit file learns which one it is,
// and not what the disk said; and records have the digest that the file makes.
func TestAuditFileIsNamed(t *testing.T) {
	log := &memory{}
	d := gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry(grant.Classes(), sample(newLatch())), Audit: log, Log: slog.New(slog.DiscardHandler), Capability: capability,
		Host:   func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		Digest: func(b []byte) string { return "digest of " + string(b) },
	})
	r := gate.Request{ID: "r1", Method: "tools/call", Name: "get_echo", Arguments: json.RawMessage(`{"text":"x"}`)}
	if _, err := d.Call(t.Context(), alice(t, `{"tools":["*"]}`), r); err != nil {
		t.Fatal(err)
	}
	for _, got := range log.all() {
		if got.Arguments != `digest of {"text":"x"}` {
			t.Errorf("got digest %q, want that of the options", got.Arguments)
		}
	}
	log.fail(&audit.FileError{Path: "/var/log/tailscale-mcp/audit.jsonl", Err: errors.New("secret of the disk")})
	r.Name = "set_echo"
	_, err := d.Call(t.Context(), alice(t, `{"tools":["*"]}`), r)
	var told *failure.Error
	if !errors.As(err, &told) || told.Code != failure.AuditFailed || !strings.Contains(told.Next, "/var/log/tailscale-mcp/audit.jsonl") ||
		strings.Contains(told.Error(), "secret") {
		t.Errorf("got %v, want the file and nothing of the disk's words", err)
	}
}
