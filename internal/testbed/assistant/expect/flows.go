// SPDX-License-Identifier: MIT

package expect

import (
	"time"

	"tailscale-mcp/internal/testbed/assistant/company"
)

// Traffic is what went between two ends, in bytes.
type Traffic struct{ Sent, Received int }

// Peers are what a device reported of the time since a moment, by the other end: the name
// of a device, or an address where it is none. Sent is what the device sent.
func Peers(c *company.Company, name string, since time.Time) (map[string]Traffic, error) {
	d, err := c.Device(name)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, other := range c.Devices {
		names[other.IPv4] = other.Name
	}
	all := map[string]Traffic{}
	for _, f := range c.Flows {
		if f.By != name || f.Start.Before(since) {
			continue
		}
		src, _, _ := cutLast(f.Src)
		other, _, _ := cutLast(f.Dst)
		sent, received := f.Sent, f.Received
		if other == d.IPv4 {
			other, sent, received = src, f.Received, f.Sent
		}
		if known := names[other]; known != "" {
			other = known
		}
		t := all[other]
		all[other] = Traffic{t.Sent + sent, t.Received + received}
	}
	return all, nil
}
