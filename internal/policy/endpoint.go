// SPDX-License-Identifier: MIT

package policy

import "net/netip"

// Endpoint is one end of a question: a device, person, tag, group, autogroup, address,
// range, host alias, ipset or Service. Its zero value is nobody.
type Endpoint struct {
	// Kind is "device", "person", "tag", "group", "autogroup", "address", "host",
	// "ipset", "service" or "everyone".
	Kind string
	Name string // as the file or the tailnet writes it

	device int // index, for the kind "device"
	addrs  []netip.Prefix
}

// Endpoint finds what a text names: a login, a group, tag, autogroup, host alias, ipset
// or Service of the file or the tailnet, a device by its ID, machine name, MagicDNS name
// or address, an address or prefix of no device, or "*". Its error says what was looked
// for, and which names come near.
func (p *Policy) Endpoint(text string) (Endpoint, error) { panic("not written yet") }
