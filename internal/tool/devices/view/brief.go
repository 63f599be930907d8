// SPDX-License-Identifier: MIT

package view

import (
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// inList is the default projection of a device in a list: enough to find it
// and to see whether something is wrong with it.
var inList = []string{"nodeId", "name", address, "os", "user", "tags", online, "lastSeen", "isExternal"}

// Usual are the fields that a list shows unasked: those that its filter is about, and
// whose the device is.
func Usual(s lookup.State) []string {
	s.Online = nil
	if !s.IsSet() {
		return inList
	}
	fields := []string{"nodeId", "name", "user", "tags", online, "lastSeen", "isExternal"}
	if s.KeyExpiresWithinDays != nil {
		fields = append(fields, "expires")
	}
	if s.Outdated {
		fields = append(fields, "os", "clientVersion")
	}
	if s.NeverUsed {
		fields = append(fields, "created")
	}
	if s.UnapprovedRoutes {
		// A change replaces all that are approved, so both are needed for one.
		fields = append(fields, unapproved, "enabledRoutes")
	}
	if s.Untagged {
		fields = append(fields, "os")
	}
	return fields
}

// Brief is the device without what says nothing to a person: what is false or empty, the
// commits of a version, the user of a device that its tags own, and that one is not online
// which was last seen at some time.
func Brief(d tsapi.Device, fields []string) tool.Object {
	o := Project(d, fields, inList)
	for name, value := range o {
		if v := string(value); name != online && (v == "false" || v == `""` || v == "[]") {
			delete(o, name)
		}
	}
	if version, build, ok := strings.Cut(d.ClientVersion, "-"); ok && build != "" && len(o["clientVersion"]) > 0 {
		o["clientVersion"] = text(version) // without the commits it was built of
	}
	if len(o["tags"]) > 0 {
		delete(o, "user")
	}
	if len(o["lastSeen"]) > 0 && !d.Online() {
		delete(o, online)
	}
	return o
}

// Names are those that the devices of a list are shown with.
type Names struct {
	// Domain is what the names of the tailnet's own devices have after their first
	// label; empty when there are none.
	Domain string
	// several are the short names, in lower case, that mean more than one device.
	several map[string]bool
}

// NamesOf returns the names of the devices of a page that is one of all: short, where
// that means them.
func NamesOf(page, all []tsapi.Device) Names {
	n := Names{several: map[string]bool{}}
	owner := map[string]string{} // by short name of the page
	for _, d := range page {
		label, domain, _ := strings.Cut(d.Name, ".")
		if !d.IsExternal && label != "" {
			if n.Domain == "" {
				n.Domain = domain
			}
			owner[strings.ToLower(label)] = lookup.Key(d)
		}
	}
	if n.Domain == "" {
		return n
	}
	for _, d := range all {
		if d.IsExternal {
			continue
		}
		for _, name := range []string{lookup.Short(d.Name), d.Hostname} {
			name = strings.ToLower(name)
			if of, ok := owner[name]; ok && of != lookup.Key(d) {
				n.several[name] = true
			}
		}
	}
	return n
}

// Shorten puts the short name of the device in the place of its whole one, unless all
// fields are shown as they came, and reports whether it did.
func (n Names) Shorten(o tool.Object, d tsapi.Device, fields []string) bool {
	label, domain, _ := strings.Cut(d.Name, ".")
	if _, shown := o["name"]; !shown || d.IsExternal || label == "" || domain != n.Domain || domain == "" ||
		n.several[strings.ToLower(label)] || slices.Contains(fields, everything) {
		return false
	}
	o["name"] = text(label)
	return true
}
