// SPDX-License-Identifier: MIT

package entry

import (
	"net/netip"

	"github.com/tailscale/hujson"
)

// Network is what a server may reach; the zero value is nothing.
type Network struct {
	// Internet is all but the tailnet, this host, and private and link-local ranges.
	Internet bool
	// Unconfined is all that the host reaches, and in its name: the tailnet too.
	Unconfined bool
	// Listed are the only networks that it reaches.
	Listed []netip.Prefix
}

// None reports whether the server has no network.
func (n Network) None() bool { return !n.Internet && !n.Unconfined && len(n.Listed) == 0 }

const networkRemedy = `write "none", "internet", "unconfined", or a list of networks like ["192.0.2.0/24", "2001:db8::1"]`

// isNone reports whether a value says that there is no network.
func isNone(v hujson.Value) bool {
	if list, ok := v.Value.(*hujson.Array); ok {
		return len(list.Elements) == 0
	}
	literal, ok := v.Value.(hujson.Literal)
	return ok && literal.Kind() == '"' && literal.String() == "none"
}

func (r *reader) network(v hujson.Value, to *Network) {
	if v.Value.Kind() != '[' {
		literal, ok := v.Value.(hujson.Literal)
		switch {
		case ok && literal.Kind() == '"' && literal.String() == "none":
		case ok && literal.Kind() == '"' && literal.String() == "internet":
			to.Internet = true
		case ok && literal.Kind() == '"' && literal.String() == "unconfined":
			to.Unconfined = true
		default:
			r.networkWrong = true
			r.wrong(v.StartOffset, `"network" says nothing that is known`, networkRemedy)
		}
		return
	}
	r.list(v, `"network"`, maxList, func(at int, text string) {
		prefix, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil && addr.Zone() == "" {
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		switch {
		case err != nil:
			r.wrong(at, shown(text)+" is no network", networkRemedy)
		case prefix.Addr().Is4In6():
			r.wrong(at, shown(text)+" is an IPv4 address in the form of IPv6", "write it as IPv4")
		case prefix != prefix.Masked():
			r.wrong(at, shown(text)+" is an address within a network", "write "+prefix.Masked().String()+", or the address without /")
		default:
			to.Listed = append(to.Listed, prefix)
		}
	})
}
