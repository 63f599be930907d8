// SPDX-License-Identifier: MIT

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// passed is a row with nothing to say against it.
func passed() result {
	fast := slices.Repeat([]time.Duration{3 * time.Millisecond}, 20)
	return result{
		row: "row", bind: bindSelf, quiet: fast, loaded: fast,
		sent: 200, least: 200, answers: map[string]int{"200": 100, "429": 60, "reset": 40},
		peak: 100, descriptors: 300, tailscaledBefore: 26, tailscaledPeak: 40,
	}
}

// TestFaults: each thing that is judged fails a row that is good but for it.
func TestFaults(t *testing.T) {
	good := passed()
	if faults := good.faults(); len(faults) > 0 {
		t.Fatalf("a row without faults: got %q", faults)
	}
	for _, c := range []struct {
		name   string
		change func(*result)
		want   string // "" where the row still passes
	}{
		{"a call failed", func(r *result) { r.problems = []string{"whoami: 503", "whoami: 503"} }, "2 of alice's 40 calls failed: 2 × whoami: 503"},
		{"memory, the most", func(r *result) { r.peak = 256 }, ""},
		{"memory", func(r *result) { r.peak = 256.6 }, "took 257 MiB, want at most 256"},
		{"descriptors, the most", func(r *result) { r.descriptors = 2048 }, ""},
		{"descriptors", func(r *result) { r.descriptors = 2049 }, "had 2049 descriptors, want at most 2048"},
		{"tailscaled, the most", func(r *result) { r.tailscaledPeak = 26 + moreDescriptors }, ""},
		{"tailscaled", func(r *result) { r.tailscaledPeak = 27 + moreDescriptors }, "tailscaled had 81 descriptors more than before (26)"},
		{"tailscaled carries the connections", func(r *result) { r.tailscaledPeak, r.carried = 2000, true }, ""},
		{"the daemon ended", func(r *result) { r.ended = "fatal error: out of memory" }, "out of memory"},
		{"the API, the most", func(r *result) { r.refusals, r.refusalsJudged = 8, true }, ""},
		{"the API", func(r *result) { r.refusals, r.refusalsJudged = 9, true }, "the API had to refuse 9 requests, want at most 8"},
		{"honest work refused", func(r *result) { r.honest = true }, "60 × 429, 40 × reset"},
		{"honest work failed", func(r *result) { r.honest, r.answers = true, map[string]int{"200": 199, "200 rate_limited": 1} }, "1 × 200 rate_limited"},
		{"honest work done", func(r *result) { r.honest, r.answers = true, map[string]int{"200": 180, "202": 20} }, ""},
		{"alice hardly called", func(r *result) { r.loaded = r.loaded[:4] }, "alice called 20 times before the attack and 4 times under it"},
		{"no quiet", func(r *result) { r.quiet = nil }, "alice called 0 times before"},
		{"a part of the attack", func(r *result) { r.sent = 199 }, "199 attempts, want 200"},
		{"no attack", func(r *result) { r.sent, r.least, r.answers = 0, 0, nil }, "0 attempts"},
		{"no way to the daemon", func(r *result) { r.answers[unsent] = 1 }, "1 attempts did not get as far"},
		{"nothing answered", func(r *result) { r.floods, r.answers = true, map[string]int{hungUp: 150, partly: 50} }, "not one of 200 requests was answered"},
		{"the attacker hung up", func(r *result) { r.answers = map[string]int{hungUp: 200} }, ""},
		{"half of the bodies", func(r *result) { r.answers[partly] = 100 }, ""},
		{"most bodies in part", func(r *result) { r.answers[partly] = 101 }, "101 attempts of 200 were not sent, or in part only"},
		{"no memory measured", func(r *result) { r.peak = 0 }, "nothing was measured"},
		{"no descriptors measured", func(r *result) { r.descriptors = 0 }, "nothing was measured"},
		{"tailscaled not measured", func(r *result) { r.tailscaledPeak = 0 }, "nothing was measured"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := passed()
			c.change(&r)
			faults := r.faults()
			if c.want == "" && len(faults) > 0 {
				t.Errorf("got %q, want no fault", faults)
			}
			if c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
				t.Errorf("got %q, want one fault with %q", faults, c.want)
			}
		})
	}
}

// TestSplit: calls are the quiet ones or those under the attack, and slow ones
// have failed.
func TestSplit(t *testing.T) {
	began := time.Unix(1000, 0)
	var r result
	r.split([]sample{
		{Began: began.Add(-time.Second), Took: time.Millisecond},
		{Began: began, Took: tooLate},
		{Began: began.Add(time.Second), Took: tooLate + time.Millisecond},
		{Began: began.Add(2 * time.Second), Took: time.Second, Problem: "whoami: 429"},
	}, began)
	if len(r.quiet) != 1 || len(r.loaded) != 3 {
		t.Errorf("got %d quiet and %d under the attack, want 1 and 3", len(r.quiet), len(r.loaded))
	}
	if want := []string{"took 5.001s", "whoami: 429"}; !slices.Equal(r.problems, want) {
		t.Errorf("got the problems %q, want %q", r.problems, want)
	}
	if got, want := r.longest(), tooLate+time.Millisecond; got != want {
		t.Errorf("the longest: got %v, want %v", got, want)
	}
}

// TestVerdict: what is an answer, and what is none.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		status int
		head   string
		want   string
		good   bool
	}{
		{200, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{}"}]}}`, "200", true},
		{202, "", "202", true},
		{200, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"rate_limited: wait 30s"}],"isError":true}}`, "200 rate_limited", false},
		{200, `{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[]}}`, "200 isError", false},
		{200, `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"x"}}`, "200 JSON-RPC error", false},
		{200, "", "200 without a result", false},
		{200, `{"jsonrpc":"2.0","id":1,"result":{"_meta":{"icons":"` + strings.Repeat("x", 5000) + `"},"content":[{"type":"text","text":"access_denied: x"}],"isError":true}}`, "200 access_denied", false},
		{429, `{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"x"}}`, "429", false},
		{503, "", "503", false},
	} {
		if got := verdict(c.status, c.head); got != c.want || good(got) != c.good {
			t.Errorf("%d %s: got %q (good: %v), want %q (%v)", c.status, c.head, got, good(got), c.want, c.good)
		}
	}
}

// TestRows: each attack can be named, has an attacker and a bound.
func TestRows(t *testing.T) {
	names := map[string]bool{}
	for _, r := range attacks() {
		if names[r.name] || r.name == "" || strings.Contains(r.name, ",") {
			t.Errorf("%q does not name one attack", r.name)
		}
		names[r.name] = true
		if !slices.Contains([]string{mallory, eve, bob, stranger}, r.by) {
			t.Errorf("%s: nobody is called %q", r.name, r.by)
		}
		if (r.grant != "") && r.by != mallory {
			t.Errorf("%s: the grant is mallory's, and %s attacks", r.name, r.by)
		}
		if r.plan.least() <= 0 {
			t.Errorf("%s: passes without an attempt", r.name)
		}
		if r.plan.Hold != nil && len(r.plan.Hold.Message.Body) > maxBody || r.plan.Calls != nil && len(r.plan.Calls.Message.Body) > maxBody {
			t.Errorf("%s: the body is larger than any that is read", r.name)
		}
	}
	if len(names) < 20 {
		t.Errorf("only %d attacks", len(names))
	}
}

// TestUnit: the limits are those of the shipped unit.
func TestUnit(t *testing.T) {
	u, err := readUnit("../../../systemd/tailscale-mcp.service")
	if err != nil || u.files != 8192 {
		t.Errorf("got %+v, %v; want 8192 descriptors", u, err)
	}
}

// TestChosen: a name that is wrong tests nothing, and so is refused.
func TestChosen(t *testing.T) {
	for _, c := range []struct {
		o             options
		attacks, ways int
		refused       string
	}{
		{options{}, len(attacks()), 2, ""},
		{options{rows: "whois,pings", bind: bindSocket}, 2, 1, ""},
		{options{rows: "whoys"}, 0, 0, "whoys"},
		{options{bind: "both"}, 0, 0, "both"},
	} {
		rows, binds, err := c.o.chosen()
		if len(rows) != c.attacks && c.refused == "" || len(binds) != c.ways || (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
			t.Errorf("%+v: got %d attacks, %v, %v", c.o, len(rows), binds, err)
		}
	}
}
