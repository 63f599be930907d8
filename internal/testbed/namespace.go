// SPDX-License-Identifier: MIT

package testbed

import "net/netip"

// The bridge is seen from the tailnet's own namespaces only, so that all tailnets of a machine have the same addresses there.
const (
	bridgeName = "br0"
	hubBits    = 16
)

var hubAddr = netip.AddrFrom4([4]byte{10, 213, 0, 1})
