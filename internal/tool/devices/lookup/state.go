// SPDX-License-Identifier: MIT

package lookup

import (
	"encoding/json"
	"slices"
	"time"

	"tailscale-mcp/internal/tsapi"
)

// State is the part of a [Filter] about the state that devices are in. Of the switches
// only true filters. Days are whole days before or after now.
type State struct {
	Online               *bool `json:"online,omitempty" jsonschema:"connected now"`
	OfflineDays          int   `json:"offlineDays,omitempty" jsonschema:"not seen so long" min:"1"`
	KeyExpiresWithinDays *int  `json:"keyExpiresWithinDays,omitempty" jsonschema:"or has expired" min:"0"`
	Outdated             bool  `json:"outdated,omitempty" jsonschema:"update available"`
	NeverUsed            bool  `json:"neverUsed,omitempty" jsonschema:"offline, never seen since the minute it joined"`
	UnapprovedRoutes     bool  `json:"unapprovedRoutes,omitempty" jsonschema:"has some to approve"`
	Untagged             bool  `json:"untagged,omitempty" jsonschema:"owned by a user"`
}

// IsSet reports whether any of it is given.
func (s State) IsSet() bool { return s != State{} }

// fits reports whether a device is in the state.
func (s State) fits(d tsapi.Device, now time.Time) bool {
	return (s.Online == nil || d.Online() == *s.Online) &&
		(s.OfflineDays <= 0 || unseenFor(d, s.OfflineDays, now)) &&
		(s.KeyExpiresWithinDays == nil || EndsBy(d, days(now, *s.KeyExpiresWithinDays))) &&
		(!s.Outdated || d.UpdateAvailable) &&
		(!s.NeverUsed || neverUsed(d)) &&
		(!s.UnapprovedRoutes || len(UnapprovedRoutes(d)) > 0) &&
		(!s.Untagged || len(d.Tags) == 0 && !d.IsExternal)
}

// days is so many days after now, or before it.
func days(now time.Time, n int) time.Time {
	const most = 36500
	return now.AddDate(0, 0, max(-most, min(n, most)))
}

// unseenFor reports whether a device has not been seen for so many days. One that never
// was has not since it was created.
func unseenFor(d tsapi.Device, n int, now time.Time) bool {
	last, err := time.Parse(time.RFC3339, d.LastSeen)
	if err != nil {
		last, err = time.Parse(time.RFC3339, d.Created)
	}
	return !d.Online() && err == nil && !last.After(days(now, -n))
}

// EndsBy reports whether the key of a device of this tailnet has an end, and that by
// then. The API has a time for keys that never end, too; and for some year 1.
func EndsBy(d tsapi.Device, then time.Time) bool {
	ends, err := time.Parse(time.RFC3339, d.Expires)
	return !d.KeyExpiryDisabled && !d.IsExternal && err == nil && ends.Year() > 1 && !ends.After(then)
}

// neverUsed reports whether a device is offline and nobody has seen it since it joined:
// the API has no time of a connection then, or one within a minute of its creation.
func neverUsed(d tsapi.Device) bool {
	if d.Online() {
		return false
	}
	if d.LastSeen == "" {
		return true
	}
	created, err := time.Parse(time.RFC3339, d.Created)
	last, unread := time.Parse(time.RFC3339, d.LastSeen)
	return err == nil && unread == nil && !last.After(created.Add(time.Minute))
}

// UnapprovedRoutes are the routes that a device of this tailnet advertises and nobody has
// approved, as far as its fields have them: the API sends them when it is asked for all.
func UnapprovedRoutes(d tsapi.Device) []string {
	if d.IsExternal {
		return nil
	}
	approved := Routes(d, "enabledRoutes")
	return slices.DeleteFunc(Routes(d, "advertisedRoutes"), func(route string) bool { return slices.Contains(approved, route) })
}

// Routes are those of one of the fields with routes; what cannot be read is none.
func Routes(d tsapi.Device, field string) (routes []string) {
	if text, ok := d.Field(field); ok {
		_ = json.Unmarshal(text, &routes)
	}
	return routes
}
