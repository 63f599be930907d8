// SPDX-License-Identifier: MIT

package catalog

import (
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
)

// A host that leaves groups out offers nothing of them, but for whoami, and knows why.
func TestGroupsOfAHost(t *testing.T) {
	all := Groups()
	if !slices.Contains(all, "devices") || !slices.IsSorted(all) || slices.Contains(all, "") {
		t.Fatalf("the groups are %q", all)
	}
	o := Options{Ceiling: grant.Classes(), Groups: []string{"dns"}}
	now := New(o).Of("")
	if got := now.Groups(); !slices.Equal(got, []string{"local"}) || len(now.Tools()) != 1 {
		t.Errorf("without a credential: %q, %d tools", got, len(now.Tools()))
	}
	why := map[string]string{}
	for _, w := range withheld(o, sets(o), lacking(o)).Withheld {
		for _, r := range w.Why {
			why[w.Tool.Name] += r.What + ". "
		}
	}
	for name, want := range map[string]string{
		"whoami": "", "list_peers": "it does not offer the group local. ", "list_all_devices": "it has no API credential. it does not offer the group devices. ",
	} {
		if why[name] != want {
			t.Errorf("%s: got %q, want %q", name, why[name], want)
		}
	}
	for _, set := range within([]string{"devices"}, append(sets(o), upstream(o, nil)...)) {
		for _, tool := range set.Tools {
			if tool.Group != "devices" && !tool.ForEveryone {
				t.Errorf("%s is of the group %s", tool.Name, tool.Group)
			}
		}
		for _, r := range set.Resources {
			if !strings.HasPrefix(r.URI, "tailscale://device") && !strings.HasPrefix(r.URI, "tailscale://tag") && !strings.HasPrefix(r.URI, "bootstrap://") {
				t.Errorf("the resource %s is of the group devices", r.URI)
			}
		}
	}
}
