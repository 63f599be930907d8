// SPDX-License-Identifier: MIT

package policy

import "net/netip"

// Ranges returns the addresses of an end that no device has, as prefixes; those of a
// Service are not among them.
func (e Endpoint) Ranges() (all []netip.Prefix) {
	for _, one := range e.ends {
		if one.Device < 0 && one.Service < 0 && one.Ranges != nil {
			all = append(all, one.Ranges.Prefixes()...)
		}
	}
	return all
}
