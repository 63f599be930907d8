// SPDX-License-Identifier: MIT

package catalog

import (
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
)

// TestWithheldReasons: what a host does not offer is missed with everything that has to
// be set for it, and nothing that is offered is.
func TestWithheldReasons(t *testing.T) {
	read := []grant.Class{grant.Read}
	for _, c := range []struct {
		name string
		o    Options
		want map[string]string
	}{
		{"without a credential", Options{Ceiling: read}, map[string]string{
			"list_all_devices": "it has no API credential", "set_policy": "it has no API credential; it does not offer the class escalating",
			"get_tailnet_status": "", "whoami": "",
		}},
		{"without an audit", Options{Ceiling: read, Unaudited: []grant.Class{grant.Write}}, map[string]string{
			"set_device_name": "it has no API credential; it has no file for the audit, and changes nothing without",
			"delete_device":   "it has no API credential; it does not offer the class destructive",
		}},
		{"with all classes", Options{Ceiling: grant.Classes()}, map[string]string{"set_policy": "it has no API credential"}},
	} {
		got := map[string]string{}
		for _, w := range withheld(c.o, sets(c.o), lacking(c.o)).Withheld {
			var all []string
			for _, why := range w.Why {
				all = append(all, why.What)
			}
			got[w.Tool.Name] = strings.Join(all, "; ")
		}
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s: %s: got %q, want %q", c.name, name, got[name], want)
			}
		}
	}
	if next := noClass([]grant.Class{grant.Write, grant.Read}, grant.Escalating).Next; !strings.Contains(next, "TAILSCALE_MCP_ALLOW=read,write,escalating ") {
		t.Errorf("got %q", next)
	}
}
