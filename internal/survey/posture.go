// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"tailscale-mcp/internal/tsapi"
)

// atOnce is how many devices are asked about at the same time.
const atOnce = 8

// posture reads the attributes of as many devices as the bound allows, first those that
// count most. One that is not asked, or may not be read, keeps PostureKnown false.
//
// https://tailscale.com/api#tag/devices/GET/device/{deviceId}/attributes
func (s *survey) posture(ctx context.Context, byID map[string]int, first []string) error {
	var order []int
	for _, id := range first {
		if i, ok := byID[id]; ok && !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	asked := len(order)
	for i := range s.net.Devices {
		if !slices.Contains(order[:asked], i) && !s.net.Devices[i].External {
			order = append(order, i)
		}
	}
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
		device := &s.net.Devices[i]
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
