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

// routes is the layer of subnet routes and exit nodes, for a destination that is
// addresses of no device: who advertises a route to it, and whether it is approved.
func (q question) routes() (out []layer) {
	told := map[bool]bool{} // of the internet, by whether it is IPv4: all of it goes one way
	for _, dst := range q.Dst.Ranges() {
		if len(out) == mostDevices {
			return out
		}
		l := q.route(dst.String(), false, func(r netip.Prefix) bool {
			return r.Bits() > 0 && r.Bits() <= dst.Bits() && r.Contains(dst.Addr())
		})
		if l.Holds != policy.Yes.String() && address.Internet().ContainsPrefix(dst) {
			v4 := dst.Addr().Is4()
			if told[v4] {
				continue
			}
			told[v4] = true
			name := dst.String()
			if q.Dst.Name == "autogroup:internet" {
				name = map[bool]string{true: "the internet by IPv4", false: "the internet by IPv6"}[v4]
			}
			l = q.route(name, true, func(r netip.Prefix) bool {
				return r.Bits() == 0 && r.Addr().Is4() == v4
			})
		}
		out = append(out, l)
	}
	return out
}

// route is the layer of one destination: by the devices of whose routes one leads there,
// or which are exit nodes.
func (q question) route(name string, internet bool, leads func(netip.Prefix) bool) layer {
	what, by, also := "a route to "+name, "behind", "the source has to accept routes"
	if internet {
		what, by, also = "a way as an exit node to "+name, "reached through", "the source has to use an exit node"
	}
	var approved, waiting []string
	l := layer{Layer: "route"}
	for i, d := range q.Tailnet.Devices {
		switch {
		case slices.ContainsFunc(d.Approved, leads) && slices.ContainsFunc(d.Advertised, leads):
			approved = append(approved, d.Name+state(&q.Devices[i]))
		case slices.ContainsFunc(d.Advertised, leads):
			waiting = append(waiting, d.Name)
			l.Next = fmt.Sprintf("approve the route with set_device_routes for %s", d.Name)
		}
	}
	switch {
	case len(approved) > 0:
		l.Holds, l.Next = policy.Yes.String(), ""
		l.Text = fmt.Sprintf("%s is %s %s; %s, which the API does not tell.", name, by, several(approved), also)
	case len(waiting) > 0:
		l.Holds = policy.No.String()
		l.Text = fmt.Sprintf("%s advertises %s that is not approved.", several(waiting), what)
	default:
		l.Holds = policy.No.String()
		l.Text = fmt.Sprintf("No device advertises %s.", what)
		l.Next = "advertise it from a device in that network: tailscale set --advertise-routes"
		if internet {
			l.Next = "advertise one from a device that may send there: tailscale set --advertise-exit-node"
		}
	}
	return l
}

// several names devices, the first few of many.
func several(names []string) string {
	if more := len(names) - mostDevices; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostDevices], ", "), more)
	}
	return strings.Join(names, ", ")
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
