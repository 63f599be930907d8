// SPDX-License-Identifier: MIT

// Package expect computes what has to be answered about the company from the company's
// data alone. It shares no code with what it judges: neither the product's reading of
// policy files nor its tools, which a test of this package holds.
package expect

import (
	"net/netip"
	"slices"
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
)

const day = 24 * time.Hour

// Names are those of devices that fit.
func Names(c *company.Company, fits func(company.Device) bool) (names []string) {
	for _, d := range c.Devices {
		if fits(d) {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Offline are the devices that have not been seen for more than some days.
func Offline(c *company.Company, days int) []string {
	return Names(c, func(d company.Device) bool {
		return !d.LastSeen.IsZero() && c.Now.Sub(d.LastSeen) > time.Duration(days)*day
	})
}

// Outdated are the devices for whose client there is an update.
func Outdated(c *company.Company) []string {
	return Names(c, func(d company.Device) bool { return d.Outdated })
}

// Tagged are the devices that have a tag.
func Tagged(c *company.Company, tag string) []string {
	return Names(c, func(d company.Device) bool { return slices.Contains(d.Tags, tag) })
}

// Ending are the devices whose key, and the IDs of the keys of the tailnet that, end within
// some days. What does not expire does not end, whatever time is noted for it.
func Ending(c *company.Company, days int) (devices, keys []string) {
	soon := func(t time.Time) bool { return t.After(c.Now) && t.Sub(c.Now) <= time.Duration(days)*day }
	for _, k := range c.Keys {
		if soon(k.Expires) {
			keys = append(keys, k.ID)
		}
	}
	slices.Sort(keys)
	return Names(c, func(d company.Device) bool { return !d.Forever && soon(d.Expires) }), keys
}

// Unused are the devices that were registered and never seen again.
func Unused(c *company.Company) []string {
	return Names(c, func(d company.Device) bool { return unused(d) })
}

func unused(d company.Device) bool { return !d.LastSeen.IsZero() && !d.LastSeen.After(d.Created) }

// Hoarders are the people who have two or more devices of their own, one of them never
// used. Tagged devices are nobody's.
func Hoarders(c *company.Company) (logins []string) {
	for _, p := range c.People {
		own, idle := 0, 0
		for _, d := range c.Devices {
			if d.Owner == p.Login && len(d.Tags) == 0 {
				own++
				if unused(d) {
					idle++
				}
			}
		}
		if own >= 2 && idle > 0 {
			logins = append(logins, p.Login)
		}
	}
	slices.Sort(logins)
	return logins
}

// Waiting are the routes of a device that it offers and nobody has approved.
func Waiting(d company.Device) (routes []string) {
	for _, r := range d.Advertised {
		if !slices.Contains(d.Routes, r) {
			routes = append(routes, r)
		}
	}
	return routes
}

// WaitingFor are the devices that offer a route to an address which nobody has approved.
func WaitingFor(c *company.Company, address string) []string {
	return Names(c, func(d company.Device) bool {
		return slices.ContainsFunc(Waiting(d), func(route string) bool {
			p, err := netip.ParsePrefix(route)
			a, bad := netip.ParseAddr(address)
			return err == nil && bad == nil && p.Contains(a)
		})
	})
}
