// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// stake continues the effect of a change that can cut a device off: whose it is,
// whether it is in use, and which traffic goes through it, as far as that was read.
func stake(d tsapi.Device) string {
	said := []string{"it belongs to " + lookup.Printable(cmp.Or(d.User, "an unknown user"))}
	if len(d.Tags) > 0 {
		said[0] = "it is tagged " + some(d.Tags)
	}
	switch {
	case d.Online():
		said = append(said, "is online now")
	case d.LastSeen != "":
		said = append(said, "was last seen at "+lookup.Printable(d.LastSeen))
	default:
		said = append(said, "is not online")
	}
	// Only all fields of a device have its routes; what cannot be read is not said.
	var routes []string
	if text, ok := d.Field("enabledRoutes"); ok {
		_ = json.Unmarshal(text, &routes)
	}
	subnets := slices.DeleteFunc(slices.Clone(routes), func(route string) bool { return strings.HasSuffix(route, "/0") })
	if len(subnets) < len(routes) {
		said = append(said, "is an exit node")
	}
	if len(subnets) > 0 {
		said = append(said, "routes to "+some(subnets))
	}
	return "; " + strings.Join(said, ", ")
}

// some lists the first few of many names for a sentence.
func some(names []string) string {
	const most = 5
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, lookup.Printable(name))
	}
	text := strings.Join(shown, " ")
	if rest := len(names) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
