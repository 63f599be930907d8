// SPDX-License-Identifier: MIT

package gateway_test

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/upstream/servers"
)

// newer reports whether a server was asked in the newer era, by what its tool who says of
// the request.
func (c client) newer(t *testing.T, server string) bool {
	t.Helper()
	got := c.call(t, server, "who", nil)
	if !strings.Contains(got, `"content"`) {
		t.Fatalf("%s: %s", server, got)
	}
	return strings.Contains(got, "io.modelcontextprotocol/protocolVersion")
}

// TestEra: a server is spoken to in the era of its caller where it knows that, and else in
// its own; the one process of all callers in the newer.
func TestEra(t *testing.T) {
	b := newBench(t, func(o *servers.Options) { o.Burst = 100 })
	for name, args := range map[string][]string{"older": nil, "newer": {"-modern"}, "both": {"-both"}} {
		b.Odd(name, "", args...)
		b.approve(t, name, nil)
	}
	b.Odd("one", `{"instance":"shared"}`, "-both")
	b.approve(t, "one", nil)
	b.grant("alice@example.com", `{"tools":["older/*","older/escalating:*","newer/*","newer/escalating:*","both/*","both/escalating:*","one/*","one/escalating:*"]}`)
	modern := b.alice()
	modern.modern = true
	for name, want := range map[string][2]bool{"older": {false, false}, "newer": {true, true}, "both": {false, true}, "one": {true, true}} {
		for range 2 {
			if got := b.alice().begin(t, name).newer(t, name); got != want[0] {
				t.Errorf("%s: a session of the older era is served in the newer: %v", name, got)
			}
			if got := b.alice().newer(t, name); got != want[0] {
				t.Errorf("%s: a client of the older era without one is served in the newer: %v", name, got)
			}
			if got := modern.newer(t, name); got != want[1] {
				t.Errorf("%s: a client of the newer era is served in the newer: %v", name, got)
			}
		}
	}
	if got := modern.call(t, "one", "who", nil); !strings.Contains(got, `"tailscale-mcp\",\"version\":\"shared`) {
		t.Errorf("the one process of all is told of a client that is not that of all: %s", got)
	}
}

// TestShownOtherwise: a server that shows a definition otherwise in the newer era than it was
// approved in the older is served in the older, to all; what is shown otherwise in both is
// withheld.
func TestShownOtherwise(t *testing.T) {
	b := newBench(t, func(o *servers.Options) { o.Burst = 100 })
	b.Odd("both", "", "-both", "-newer", "Repeats what it is told, in the newer way.")
	b.approve(t, "both", nil)
	b.grant("alice@example.com", `{"tools":["both/*","both/escalating:*"]}`)
	modern := b.alice()
	modern.modern = true
	for _, c := range []client{modern, b.alice(), modern, b.alice().begin(t, "both")} {
		if got := c.call(t, "both", "echo", map[string]any{"n": 1}); !strings.Contains(got, `{\"n\":1}`) {
			t.Errorf("echo (modern %v): %s", c.modern, got)
		}
		if c.newer(t, "both") {
			t.Errorf("it is served in the newer era (modern %v)", c.modern)
		}
	}
	withheld := func() (n int) {
		for _, r := range b.audit.Records() {
			if r.Event == audit.Withheld {
				n++
			}
		}
		return n
	}
	if n := withheld(); n != 0 {
		t.Errorf("%d things were withheld", n)
	}
	b.Write("both", b.OddPath(), []string{"-both", "-description", "Changed."}, "") // from the next start on
	b.Kill()
	b.servers.Read()
	eventually(t, "what has changed is withheld", func() bool { // the process before may be there still
		modern.call(t, "both", "echo", nil)
		return withheld() > 0
	})
	for _, c := range []client{modern, b.alice()} {
		if got := c.call(t, "both", "echo", nil); strings.Contains(got, `"big"`) {
			t.Errorf("what has changed is served (modern %v): %s", c.modern, got)
		}
	}
	if n := withheld(); n != 1 {
		t.Errorf("%d things were withheld, want one", n)
	}
}

// TestErasOfOthers: what a server makes of what one client declares decides nothing about the
// era in which others are served: here, to a client that cannot be asked it shows in both eras
// what was not approved, and to others in the newer only.
func TestErasOfOthers(t *testing.T) {
	b := newBench(t, func(o *servers.Options) { o.Burst = 100 })
	b.Odd("both", "", "-both", "-coy", "-newer", "Repeats what it is told, in the newer way.")
	b.approve(t, "both", nil)
	for _, login := range []string{"alice@example.com", "bob@example.com"} {
		b.grant(login, `{"tools":["both/*","both/escalating:*"]}`)
	}
	echo := func(c client) string { return c.call(t, "both", "echo", map[string]any{"n": 1}) }
	odd := b.alice()
	if got := echo(odd); strings.Contains(got, `{\"n\":1}`) {
		t.Fatalf("what has changed is served: %s", got)
	}
	for name, c := range map[string]client{"another caller": b.bob(), "another client of the caller": b.alice()} {
		c.offers = everything
		c = c.begin(t, "both")
		if got := echo(c); !strings.Contains(got, `{\"n\":1}`) {
			t.Errorf("%s: %s", name, got)
		}
		if c.newer(t, "both") {
			t.Errorf("%s is served in the newer era", name)
		}
	}
}
