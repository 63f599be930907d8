// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"net"
	"testing"
	"time"
)

// reaches reports whether a node gets a connection to the server. A packet that the filter
// drops is not answered, so a no takes its time.
func (tr *trio) reaches(ctx context.Context, from *Node) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", net.JoinHostPort(tr.server.IPv4().String(), tr.port))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// tailscaled obeys a policy file: the network, the capabilities, and every change of them.
func testPolicy(ctx context.Context, t *testing.T, tr *trio) {
	for _, step := range []struct {
		name, file string
		alice, bob bool     // reaches the server
		aliceHas   []string // of the capability
		bobHas     []string
	}{
		{"everything", `{"grants": [{"src": ["*"], "dst": ["*"], "ip": ["*"]}]}`, true, true, nil, nil},
		{"nothing", `{"grants": []}`, false, false, nil, nil},
		{
			"by group, tag and capability", `{
				// Only those of the group.
				"groups": {"group:eng": ["alice@example.com"]},
				"tagOwners": {"tag:mcp": ["group:eng"]},
				"grants": [
					{"src": ["group:eng"], "dst": ["tag:mcp"], "ip": ["tcp:*"], "app": {"example.com/cap/thing": [{"a": 1}]}},
					{"src": ["bob@example.com"], "dst": ["tag:mcp"], "app": {"example.com/cap/thing": [{"b": 1}, 2]}},
				],
			}`, true, false, []string{`{"a":1}`}, []string{`{"b":1}`, `2`},
		},
		{
			"the group changes", `{
				"groups": {"group:eng": ["bob@example.com"]},
				"tagOwners": {"tag:mcp": ["group:eng"]},
				"grants": [{"src": ["group:eng"], "dst": ["tag:mcp"], "ip": ["tcp:*"], "app": {"example.com/cap/thing": [{"a": 1}]}}],
			}`, false, true, nil, []string{`{"a":1}`},
		},
	} {
		must(t, tr.SetPolicy(ctx, step.file))
		if got := tr.reaches(ctx, tr.alice); got != step.alice {
			t.Errorf("%s: alice reaches the server: %t, want %t", step.name, got, step.alice)
		}
		if got := tr.reaches(ctx, tr.bob); got != step.bob {
			t.Errorf("%s: bob reaches the server: %t, want %t", step.name, got, step.bob)
		}
		wantValues(ctx, t, tr, tr.alice, step.aliceHas...)
		wantValues(ctx, t, tr, tr.bob, step.bobHas...)
	}
	for _, bad := range []string{`{`, `{"grants": [{"src": ["tag:nope"], "dst": ["*"], "ip": ["*"]}]}`} {
		if err := tr.SetPolicy(ctx, bad); err == nil {
			t.Errorf("setting %s: got no error", bad)
		}
	}
	wantValues(ctx, t, tr, tr.bob, `{"a":1}`)
}
