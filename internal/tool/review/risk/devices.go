// SPDX-License-Identifier: MIT

package risk

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/tsapi"
)

// stale is after how many days a device that does not connect is stale.
const stale = 60

// devices are those that nobody keeps up.
func (f *Facts) devices() []Finding {
	forever := Finding{
		Rank: Medium, Area: Devices, Risk: "keys of people's devices that never expire",
		Why: "whoever holds such a device stays in", Next: "set_device_key_expiry",
	}
	away := Finding{
		Rank: Low, Area: Devices, Risk: "devices not seen for 60 days",
		Why: "a lost one keeps its access", Next: `list_all_devices {"offlineDays":60}, then delete_device`,
	}
	outdated := Finding{
		Rank: Medium, Area: Devices, Risk: "devices with an outdated Tailscale",
		Why: "known weaknesses stay", Next: `list_all_devices {"outdated":true}`,
	}
	routes := Finding{
		Rank: Medium, Area: Devices, Risk: "routes or exit nodes that wait for approval",
		Why: "somebody offers a way that nobody has judged", Next: `list_all_devices {"unapprovedRoutes":true}`,
	}
	waiting := Finding{
		Rank: Low, Area: Devices, Risk: "devices that wait for approval",
		Why: "approve or remove them", Next: "authorize_device or delete_device",
	}
	guests := Finding{
		Rank: Low, Area: Shares, Risk: "devices of other tailnets are shared into this one",
		Why: "somebody else administers them", Next: "get_device_info",
	}
	for i := range f.Devices {
		d := &f.Devices[i]
		name := called(d)
		if d.IsExternal {
			guests.Where = append(guests.Where, d.Name)
			continue
		}
		if d.KeyExpiryDisabled && len(d.Tags) == 0 {
			forever.Where = append(forever.Where, name)
		}
		if seen, ok := at(d.LastSeen); ok && !d.Online() && f.Now.Sub(seen) > stale*24*time.Hour {
			away.Where = append(away.Where, name+" ("+f.days(seen)+")")
		}
		if d.UpdateAvailable {
			outdated.Where = append(outdated.Where, name)
		}
		if open := unapproved(d); len(open) > 0 {
			routes.Where = append(routes.Where, name+" ("+strings.Join(open, ", ")+")")
		}
		if !d.Authorized {
			waiting.Where = append(waiting.Where, name)
		}
	}
	return slices.Concat(found(forever), found(away), found(outdated), found(routes), found(waiting), found(guests))
}

// called is the machine name of a device.
func called(d *tsapi.Device) string {
	name, _, _ := strings.Cut(d.Name, ".")
	if name == "" {
		return d.NodeID
	}
	return name
}

// unapproved are the routes that a device offers and nobody has approved; an exit node is
// called that.
func unapproved(d *tsapi.Device) (open []string) {
	offered, taken := texts(d.Object, "advertisedRoutes"), texts(d.Object, "enabledRoutes")
	for _, r := range offered {
		if slices.Contains(taken, r) {
			continue
		}
		if r == "0.0.0.0/0" || r == "::/0" {
			r = "exit node"
		}
		if !slices.Contains(open, r) {
			open = append(open, r)
		}
	}
	return open
}

// texts is a list of texts of an object; nil where there is none.
func texts(o tsapi.Object, field string) (all []string) {
	value, ok := o.Field(field)
	if !ok || json.Unmarshal(value, &all) != nil {
		return nil
	}
	return all
}
