// SPDX-License-Identifier: MIT

package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/tsapi"
)

// routes is the layer of subnet routes and exit nodes, for a destination that is an
// address of no device: who advertises a route to it, and whether it is approved.
func (q question) routes() (out []layer) {
	if q.Dst.Name == "autogroup:internet" {
		return []layer{q.exits("The internet")}
	}
	for _, dst := range q.Dst.Ranges() {
		if len(out) == mostDevices {
			return out
		}
		out = append(out, q.route(dst))
	}
	return out
}

func (q question) route(dst netip.Prefix) layer {
	var approved, waiting, parts []string
	var next string
	for i, d := range q.Tailnet.Devices {
		switch {
		case covers(d.Approved, dst) && covers(d.Advertised, dst):
			approved = append(approved, d.Name+state(&q.Devices[i]))
		case covers(d.Advertised, dst):
			waiting = append(waiting, d.Name)
			next = fmt.Sprintf("approve the route with set_device_routes for %s", d.Name)
		case slices.ContainsFunc(d.Approved, func(r netip.Prefix) bool { return r.Bits() > 0 && r.Overlaps(dst) }):
			parts = append(parts, d.Name+state(&q.Devices[i]))
		}
	}
	switch {
	case len(approved) > 0:
		return layer{
			Layer: "route", Holds: policy.Yes.String(),
			Text: fmt.Sprintf("%s is behind %s; the source has to accept routes, which the API does not tell.", dst, strings.Join(approved, ", ")),
		}
	case len(waiting) > 0:
		return layer{
			Layer: "route", Holds: policy.No.String(), Next: next,
			Text: fmt.Sprintf("%s advertises a route to %s that is not approved.", strings.Join(waiting, ", "), dst),
		}
	case len(parts) > 0:
		return layer{Layer: "route", Holds: policy.Unknown.String(), Text: fmt.Sprintf("A part of %s is behind %s, and not all of it.", dst, strings.Join(parts, ", "))}
	case address.Internet().ContainsPrefix(dst):
		return q.exits(dst.String())
	}
	return layer{
		Layer: "route", Holds: policy.No.String(), Text: fmt.Sprintf("No device advertises a route to %s.", dst),
		Next: "advertise it from a device in that network: tailscale set --advertise-routes",
	}
}

// exits is the layer of what is reached by exit nodes alone.
func (q question) exits(what string) layer {
	exit := func(routes []netip.Prefix) bool { return slices.ContainsFunc(routes, address.Exit) }
	var approved, waiting []string
	for i, d := range q.Tailnet.Devices {
		switch {
		case exit(d.Approved) && exit(d.Advertised):
			approved = append(approved, d.Name+state(&q.Devices[i]))
		case exit(d.Advertised):
			waiting = append(waiting, d.Name)
		}
	}
	switch {
	case len(approved) > 0:
		return layer{
			Layer: "route", Holds: policy.Yes.String(),
			Text: fmt.Sprintf("%s is reached by an exit node (%s); the source has to use it, which the API does not tell.", what, strings.Join(few(approved), ", ")),
		}
	case len(waiting) > 0:
		return layer{
			Layer: "route", Holds: policy.No.String(), Text: fmt.Sprintf("%s wants to be an exit node, and is not approved as one.", strings.Join(few(waiting), ", ")),
			Next: "approve its routes with set_device_routes",
		}
	}
	return layer{
		Layer: "route", Holds: policy.No.String(), Text: fmt.Sprintf("No device advertises a route to %s, or is an exit node.", strings.Replace(what, "The", "the", 1)),
		Next: "where it is behind a device, on that: tailscale set --advertise-routes; else on an exit node: tailscale set --advertise-exit-node",
	}
}

func covers(routes []netip.Prefix, dst netip.Prefix) bool {
	return slices.ContainsFunc(routes, func(r netip.Prefix) bool { return r.Bits() > 0 && r.Bits() <= dst.Bits() && r.Contains(dst.Addr()) })
}

func state(d *tsapi.Device) string {
	if !d.Online() {
		return " (offline)"
	}
	return ""
}

// mostDevices bounds the devices of one end whose state is told.
const mostDevices = 5

// devices is the layer of the state of an end's devices: told where it stands in the way.
func (q question) devices(end string, e policy.Endpoint) (out []layer) {
	members := e.Devices(q.policy)
	blocked := 0
	for _, i := range members {
		d := &q.Devices[i]
		name := q.Tailnet.Devices[i].Name
		trouble, next := troubleOf(d, end == "destination", time.Now())
		if trouble == "" {
			continue
		}
		if blocked++; blocked > mostDevices {
			continue
		}
		out = append(out, layer{Layer: end, Holds: policy.No.String(), Text: fmt.Sprintf("%s %s.", name, trouble), Next: next})
	}
	if blocked > mostDevices {
		out = append(out, layer{Layer: end, Holds: policy.Unknown.String(), Text: fmt.Sprintf("%d more devices of it have such a hindrance.", blocked-mostDevices)})
	}
	if 0 < blocked && blocked < len(members) { // others of it may still be reached
		for i := range out {
			out[i].Holds = policy.Unknown.String()
		}
	}
	return out
}

// troubleOf says what keeps a device from taking part, and what would end it.
func troubleOf(d *tsapi.Device, asDestination bool, now time.Time) (trouble, next string) {
	expires, err := time.Parse(time.RFC3339, d.Expires)
	switch {
	case !d.Authorized && !d.IsExternal:
		return "is not approved for the tailnet", "approve it with authorize_device"
	case !d.KeyExpiryDisabled && err == nil && expires.Year() > 1 && expires.Before(now):
		return "has a node key that expired on " + expires.UTC().Format(time.DateOnly), "sign in on it again: tailscale up --force-reauth"
	case asDestination && d.BlocksIncomingConnections:
		return "blocks incoming connections", "on it: tailscale set --shields-up=false"
	case !d.Online() && d.LastSeen != "":
		return "is offline, last seen " + d.LastSeen, "start it, or see on it: tailscale status"
	case !d.Online():
		return "is offline", "start it, or see on it: tailscale status"
	}
	return "", ""
}
