// SPDX-License-Identifier: MIT

package catalogue

import (
	"testing"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// What only adds is not destructive, though it may escalate; whatever else destroys or
// escalates is.
func TestDestructiveHint(t *testing.T) {
	for _, c := range []struct {
		class       grant.Class
		adds        bool
		destructive bool
	}{
		{grant.Write, false, false}, {grant.Destructive, false, true},
		{grant.Escalating, false, true}, {grant.Escalating, true, false}, {grant.Destructive, true, true},
	} {
		if got := describeTool(gate.Tool{Name: "x", Class: c.class, Adds: c.adds}).Annotations.DestructiveHint; got == nil || *got != c.destructive {
			t.Errorf("%s, adds %v: got %v, want %v", c.class, c.adds, got, c.destructive)
		}
	}
}
