// SPDX-License-Identifier: MIT

package expect

import (
	"strings"

	"tailscale-mcp/internal/testbed/assistant/company"
)

// Risk is one that has to be told: of what, some words of what it is called, and whom it
// is about, by names, IDs or logins.
type Risk struct {
	Area, Words string
	About       []string
}

// Risks are those that the company has, of keys, people, devices, shares and webhooks.
func Risks(c *company.Company) []Risk {
	var open, grave, invited, shared, waiting, outside []string
	for _, k := range c.Keys {
		if k.Kind == "auth" && k.Reusable {
			open = append(open, k.ID) // all of them admit without approval
		}
	}
	for _, i := range c.Invites {
		switch {
		case i.Device != "":
			shared = append(shared, i.Device)
		case i.Role != "member":
			grave = append(grave, i.ID)
		default:
			invited = append(invited, i.ID)
		}
	}
	for _, p := range c.People {
		if p.Status == "needs-approval" {
			waiting = append(waiting, p.Login)
		}
	}
	for _, w := range c.Webhooks {
		if !strings.HasPrefix(w.URL, "https://hooks."+company.Domain) {
			outside = append(outside, w.ID)
		}
	}
	return []Risk{
		{"credentials", "auth keys that admit any number", open},
		{"shares", "to administer", grave},
		{"shares", "open invitations into the tailnet", invited},
		{"shares", "shared with people outside", shared},
		{"people", "users who wait for approval", waiting},
		{"settings", "webhooks to addresses outside", outside},
		{"devices", "people's devices that never expire", Names(c, func(d company.Device) bool { return d.Forever && len(d.Tags) == 0 })},
		{"devices", "not seen for 60 days", Offline(c, 60)},
		{"devices", "outdated", Outdated(c)},
		{"devices", "routes or exit nodes that wait", Names(c, func(d company.Device) bool { return len(Waiting(d)) > 0 })},
		{"devices", "devices that wait for approval", Names(c, func(d company.Device) bool { return !d.Approved })},
	}
}
