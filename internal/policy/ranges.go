// SPDX-License-Identifier: MIT

package policy

import "net/netip"

// Ranges returns the addresses of an end that no device has, as prefixes; those of a
// Service are not among them.
func (e Endpoint) Ranges() (all []netip.Prefix) {
	for _, one := range e.ends {
		if one.device < 0 && one.service < 0 && one.ranges != nil {
			all = append(all, one.ranges.Prefixes()...)
		}
	}
	return all
}
