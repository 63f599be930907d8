// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"encoding/json"
	"errors"
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
	unasked := max(len(order)-room, 0)
	order = order[:len(order)-unasked]
	s.calls += len(order)
	refused := make([]error, len(order))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n, i := range order {
		device := &s.Tailnet.Devices[i]
		group.Go(func() error {
			attributes, err := s.attributes(ctx, device.ID)
			if errors.Is(err, errSpent) || unreadable(err) {
				refused[n] = err
				return nil
			}
			if err != nil {
				return err
			}
			device.Posture = attributes
			device.PostureKnown = true
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	refused = slices.DeleteFunc(refused, func(err error) bool { return err == nil })
	asked := slices.DeleteFunc(slices.Clone(refused), func(err error) bool { return errors.Is(err, errSpent) })
	if unasked += len(refused) - len(asked); unasked > 0 {
		s.misses(fmt.Sprintf("the posture attributes of %d devices, which were not asked for", unasked), nil)
	}
	if len(asked) > 0 {
		s.misses(fmt.Sprintf("the posture attributes of %d devices", len(asked)), asked[0])
	}
	return nil
}

// attributes are those of a device; nil where it has none.
func (s *Survey) attributes(ctx context.Context, id string) (map[string]any, error) {
	return detailOf(ctx, s.details, "device "+id, func(ctx context.Context) (attributes map[string]any, err error) {
		o, err := s.api.Object(ctx, tsapi.Request{Op: "getDevicePostureAttributes", Params: []string{id}})
		if err != nil {
			return nil, err
		}
		value, ok := o.Field("attributes")
		if ok && json.Unmarshal(value, &attributes) != nil {
			return nil, malformed("getDevicePostureAttributes", "the attributes of a device cannot be read")
		}
		return attributes, nil
	})
}

// named reports whether a name is one of a device, or of whose it is.
func named(d *tailnet.Device, name string) bool {
	name = strings.TrimSuffix(strings.TrimSpace(name), ".")
	addr, err := netip.ParseAddr(name)
	return d.ID == name || strings.EqualFold(d.Name, name) || strings.EqualFold(d.FQDN, name) || strings.EqualFold(d.Login, name) ||
		slices.Contains(d.Tags, name) || err == nil && slices.Contains(d.Addrs, addr)
}
