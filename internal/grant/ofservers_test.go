// SPDX-License-Identifier: MIT

package grant

import (
	"strings"
	"testing"
	"time"
)

// What is named of servers is told by the entries that hold, and without a time by all.
func TestOfServers(t *testing.T) {
	rules := parse(t, `{"tools":["*","files/b","files/a","x"],"resources":["tailscale://devices","files/file:///x/*"]}`,
		`{"tools":["files/a","notes/read:*"],"prompts":["files/*"],"until":"2026-01-01T00:00:00Z"}`)
	told := func(r Rules) string {
		tools, resources, prompts := r.OfServers()
		return strings.Join(tools, " ") + "; " + strings.Join(resources, " ") + "; " + strings.Join(prompts, " ")
	}
	const all = "files/a files/b notes/read:*; files/file:///x/*; files/*"
	if got := told(rules); got != all {
		t.Errorf("got %s, want %s", got, all)
	}
	if got, want := told(rules.At(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))), "files/a files/b; files/file:///x/*; "; got != want {
		t.Errorf("after the end: got %s, want %s", got, want)
	}
	if got := told(Rules{}); got != "; ; " {
		t.Errorf("of nothing: %s", got)
	}
}
