// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// stake continues the effect of a change that can cut a device off: whose it is,
// whether it is in use, and which traffic goes through it, as far as that was read.
func stake(d tsapi.Device) string { return "; it " + standing(d) }

// standing says of a device what is lost with it.
func standing(d tsapi.Device) string {
	said := []string{"belongs to " + lookup.Printable(cmp.Or(d.User, "an unknown user"))}
	if len(d.Tags) > 0 {
		said[0] = "is tagged " + some(d.Tags)
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
	routes := lookup.Routes(d, "enabledRoutes")
	subnets := slices.DeleteFunc(slices.Clone(routes), func(route string) bool { return strings.HasSuffix(route, "/0") })
	if len(subnets) < len(routes) {
		said = append(said, "is an exit node")
	}
	if len(subnets) > 0 {
		said = append(said, "routes to "+some(subnets))
	}
	if d.Hostname != "" && !strings.EqualFold(d.Hostname, lookup.Short(d.Name)) {
		said = append(said, "calls itself "+lookup.Printable(d.Hostname))
	}
	return strings.Join(said, ", ")
}

// stakes says what a change does to one device or to several: of several each by itself,
// a line for each.
func (c *changes) stakes(ctx context.Context, call tool.Call, open []tsapi.Device, b batch) string {
	cut := ""
	if b.cuts {
		cut = c.cutOff(ctx, call, open...)
	}
	if len(open) == 1 {
		effect := b.effect("the device " + lookup.Printable(lookup.Called(open[0])))
		if more := b.each(open[0]); more != "" {
			effect += "; it " + more
		}
		return effect + stake(open[0]) + cut
	}
	text := b.effect(fmt.Sprintf("%d devices", len(open))) + cut + ":"
	for _, d := range open {
		text += "\n- " + lookup.Printable(lookup.Called(d))
		if more := b.each(d); more != "" {
			text += " " + more + ";"
		}
		text += " " + standing(d)
	}
	return text
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
