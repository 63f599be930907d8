// SPDX-License-Identifier: MIT

package manage

import (
	"strings"
	"testing"
)

// TestVersions: what no server could run on, or not apart from its other callers, is said
// before anything is written, and by check.
func TestVersions(t *testing.T) {
	for _, c := range []struct{ version, ours, want string }{
		{"252.39-1~deb12u1", `{}`, ""},
		{"257", `{}`, ""},
		{"249.11-0ubuntu3", `{}`, ""},
		{"248.3", `{}`, "this host has systemd 248, whose sandbox does not hold a server"},
		{"248.3", `{"instance": "shared"}`, "systemd 248"},
		{"258~rc1", `{}`, `"instance": "shared"`},
		{"259.1-1", `{}`, "this host has systemd 259, which cannot give each caller's process an account of its own"},
		{"259.1-1", `{"instance": "shared"}`, ""},
		{"259.1-1", `{"user": "nobody"}`, ""},
		{"v1", `{}`, `the version of systemd is "v1", which is none`},
	} {
		d := newDesk(t)
		d.systemd.version = c.version
		d.systemd.Write("files", "cat", nil, c.ours)
		err := d.Check(t.Context(), d.as(""), "")
		said := d.out.String()
		if err != nil {
			said += err.Error()
		}
		if (err != nil) != (c.want != "") || !strings.Contains(said, c.want) {
			t.Errorf("check with systemd %s and %s: %v:\n%s\nwant %q", c.version, c.ours, err, said, c.want)
		}
		if err := d.Apply(t.Context(), d.as(""), Applying{}); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) || d.systemd.active["tailscale-mcp-server-files.socket"] != (c.want == "") {
			t.Errorf("apply with systemd %s and %s: %v, active %v, want %q", c.version, c.ours, err, d.systemd.active, c.want)
		}
		if strings.Contains(c.ours, ":") {
			continue
		}
		if err := d.Add(t.Context(), d.as(""), d.odd("more")); (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("add with systemd %s: %v, want %q", c.version, err, c.want)
		}
	}
}
