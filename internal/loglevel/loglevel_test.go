// SPDX-License-Identifier: MIT

package loglevel_test

import (
	"testing"

	"tailscale-mcp/internal/loglevel"
)

func TestHeard(t *testing.T) {
	for _, c := range []struct {
		level, least string
		want         bool
	}{
		{"error", "info", true}, {"info", "info", true}, {"debug", "info", false}, {"emergency", "debug", true}, {"critical", "alert", false},
		{"", "debug", false}, {"loud", "debug", false}, {"error", "", false}, {"error", "loud", false}, {"Error", "debug", false},
	} {
		if got := loglevel.Heard(c.level, c.least); got != c.want {
			t.Errorf("%q where %q is the least: %v", c.level, c.least, got)
		}
	}
}
