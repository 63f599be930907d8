// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
)

// matches reports whether a source may be the caller, and whether it surely is. A
// source that the file does not define (the roles behind autogroups, the groups of
// an identity provider, the members of an ipset) or that this version does not know
// may be the caller.
func (f File) matches(c caller.Caller, src string) (may, sure bool) {
	names := c.Principals()
	is := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	tagged := len(c.Tags) > 0
	members, defined := f.Groups[src]
	switch {
	case len(names) == 0:
		return false, false
	case src == "*" || src == "autogroup:danger-all" || is(src):
		return true, true
	case strings.HasPrefix(src, "tag:"):
		return false, false
	case defined:
		// Users, as far as is documented in detail, and in passing devices too.
		in := slices.ContainsFunc(members, is)
		return in || slices.ContainsFunc(members, func(m string) bool { return !isLogin(m) && (!tagged || !strings.Contains(m, "@")) }), in
	case src == "autogroup:tagged":
		return tagged, tagged
	case src == "autogroup:shared":
		return true, false
	case strings.HasPrefix(src, "group:") || strings.HasPrefix(src, "autogroup:"):
		return !tagged, false
	case isLogin(src):
		return false, false
	}
	if host, ok := f.Hosts[src]; ok {
		src = host
	}
	return covers(src, c.Addr.Addr().Unmap())
}

// isLogin reports whether a name is that of one user and nothing else.
func isLogin(name string) bool {
	return strings.Contains(name, "@") && !strings.ContainsAny(name, "*:")
}

// covers compares an address or a range with the address that the caller uses.
func covers(src string, addr netip.Addr) (may, sure bool) {
	p, err := netip.ParsePrefix(src)
	if one, e := netip.ParseAddr(src); e == nil {
		p, err = netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()), nil
	}
	switch {
	case err != nil:
		return true, false
	case addr.IsValid() && p.Addr().Is4() != addr.Is4():
		return true, false // a device has an address of each kind
	}
	in := p.Contains(addr)
	return in, in
}
