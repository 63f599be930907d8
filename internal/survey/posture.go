// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/tsapi"
)

// atOnce is how many devices are asked about at the same time.
const atOnce = 8

// posture reads the attributes of as many devices as the bound allows, first those that
// count most. One that is not asked, or may not be read, keeps PostureKnown false.
//
// https://tailscale.com/api#tag/devices/GET/device/{deviceId}/attributes
func (s *Survey) posture(ctx context.Context, first []string) error {
	var order, others []int
	for i := range s.Tailnet.Devices {
		d := &s.Tailnet.Devices[i]
		switch {
		case d.External: // its attributes are its own tailnet's
		case slices.ContainsFunc(first, func(name string) bool { return named(d, name) }):
			order = append(order, i)
		default:
			others = append(others, i)
		}
	}
	order = append(order, others...)
	room := max(MostCalls-s.calls, 0)
	if left := len(order) - room; left > 0 {
		s.misses(fmt.Sprintf("the posture attributes of %d devices, which were not asked for", left), nil)
		order = order[:room]
	}
	s.calls += len(order)
	refused := make([]error, len(order))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n, i := range order {
		device := &s.Tailnet.Devices[i]
		group.Go(func() error {
			o, err := s.api.Object(ctx, tsapi.Request{Op: "getDevicePostureAttributes", Params: []string{device.ID}})
			if err != nil {
				if unreadable(err) {
					refused[n], err = err, nil
				}
				return err
			}
			value, ok := o.Field("attributes")
			if ok && json.Unmarshal(value, &device.Posture) != nil {
				return malformed("getDevicePostureAttributes", "the attributes of a device cannot be read")
			}
			device.PostureKnown = true
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	refused = slices.DeleteFunc(refused, func(err error) bool { return err == nil })
	if len(refused) > 0 {
		s.misses(fmt.Sprintf("the posture attributes of %d devices", len(refused)), refused[0])
	}
	return nil
}

// named reports whether a name is one of a device, or of whose it is.
func named(d *tailnet.Device, name string) bool {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	addr, err := netip.ParseAddr(name)
	return d.ID == name || strings.EqualFold(d.Name, name) || strings.EqualFold(d.FQDN, name) || strings.EqualFold(d.Login, name) ||
		slices.Contains(d.Tags, name) || err == nil && slices.Contains(d.Addrs, addr)
}
