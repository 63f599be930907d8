// SPDX-License-Identifier: MIT

package resolution

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Reverse is the name under which the names of an address are, RFC 1035 §3.5 and RFC 3596
// §2.5.
func Reverse(addr netip.Addr) string {
	addr = addr.WithZone("").Unmap()
	var labels []string
	if addr.Is4() {
		for _, b := range addr.As4() {
			labels = append(labels, fmt.Sprint(b))
		}
	} else {
		for _, b := range addr.As16() {
			labels = append(labels, fmt.Sprintf("%x", b>>4), fmt.Sprintf("%x", b&15))
		}
	}
	slices.Reverse(labels)
	if addr.Is4() {
		return strings.Join(labels, ".") + ".in-addr.arpa"
	}
	return strings.Join(labels, ".") + ".ip6.arpa"
}

// addressOf is the address that a name is the [Reverse] of.
func addressOf(name string) (addr netip.Addr, ok bool) {
	text, four := strings.CutSuffix(name, ".in-addr.arpa")
	if !four {
		if text, ok = strings.CutSuffix(name, ".ip6.arpa"); !ok {
			return addr, false
		}
	}
	labels := strings.Split(text, ".")
	slices.Reverse(labels)
	if four {
		text = strings.Join(labels, ".")
	} else {
		var b strings.Builder
		for i, digit := range labels {
			if i > 0 && i%4 == 0 {
				b.WriteByte(':')
			}
			b.WriteString(digit)
		}
		text = b.String()
	}
	addr, err := netip.ParseAddr(text)
	return addr, err == nil && Reverse(addr) == name
}
