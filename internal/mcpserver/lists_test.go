// SPDX-License-Identifier: MIT

package mcpserver

import "testing"

// TestPagesFollowTheDecision: a caller whose grants change sees another list at once,
// and another caller's page is nobody else's.
func TestPagesFollowTheDecision(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		alice, bob := b.alice(t, revision), b.bob(t, revision)
		for range 2 {
			b.grant("alice@example.com", `{"tools":["*"]}`)
			b.grant("bob@example.com", `{"tools":["get_echo"]}`)
			if all, few := len(alice.list(t, "tools/list")), len(bob.list(t, "tools/list")); all < 10 || few != 2 {
				t.Errorf("alice sees %d tools and bob %d", all, few)
			}
			b.grant("alice@example.com")
			if got := alice.list(t, "tools/list"); len(got) != 1 {
				t.Errorf("without a grant alice sees %q", got)
			}
		}
	})
}
