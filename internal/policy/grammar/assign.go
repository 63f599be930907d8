// SPDX-License-Identifier: MIT

package grammar

import (
	"net/netip"
	"strings"
)

// Where a pool of addresses may be and may not.
var (
	cgnat    = netip.MustParsePrefix("100.64.0.0/10")
	reserved = []netip.Prefix{
		netip.MustParsePrefix("100.100.0.0/24"), netip.MustParsePrefix("100.100.100.0/24"), netip.MustParsePrefix("100.115.92.0/23"),
	}
)

func (c *checker) nodeAttr(entry NodeAttr) {
	for _, target := range entry.Target {
		if is(target.Text, self) {
			// The service falls over this one; its words are its answer all the same.
			c.add(target.Place, api("internal server error", "take autogroup:self out of the target: nodeAttrs have no source that it could mean"))
			continue
		}
		m := c.selector(target.Text)
		if !strings.HasPrefix(target.Text, "tag:") {
			m = m.guessed()
		}
		c.add(target.Place, m)
	}
	for _, pool := range entry.IPPool {
		c.add(pool.Place, ipPool(pool.Text))
	}
}

func ipPool(text string) mistake {
	const next = "write a prefix within 100.64.0.0/10, outside of 100.100.0.0/24, 100.100.100.0/24 and 100.115.92.0/23"
	where := "IPPool(" + text + "): "
	pool, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return own("IPPool("+quote(text)+"): not a prefix", next)
	case !pool.Addr().Is4() || pool.Bits() < cgnat.Bits() || !cgnat.Contains(pool.Addr()):
		return own(where+"network not within 100.64.0.0/10", next)
	}
	for _, r := range reserved {
		if pool.Bits() >= r.Bits() && r.Contains(pool.Addr()) {
			return api(where+"network within reserved range", next)
		}
	}
	return mistake{}
}

func (c *checker) autoApprovers(a AutoApprovers) {
	for _, route := range a.Routes {
		where := "autoApprovers.routes[" + quote(route.Text) + "]: "
		if !isPrefix(route.Text) {
			c.add(route.Place, own(where+"not a prefix", "write a prefix such as 10.0.0.0/24"))
		}
		c.approvers(where, route.Values)
	}
	for _, service := range a.Services {
		where := "autoApprovers.services[" + quote(service.Text) + "]: "
		if !strings.HasPrefix(service.Text, "svc:") && !strings.HasPrefix(service.Text, "tag:") {
			c.add(service.Place, own(where+"not a Service or a tag", `name it "svc:NAME" or "tag:NAME"`))
		}
		c.approvers(where, service.Values)
	}
	c.approvers("autoApprovers.exitNode: ", a.ExitNode)
}

func (c *checker) approvers(where string, all []Name) {
	for _, approver := range all {
		c.add(approver.Place, c.person(approver.Text).after(where).guessed())
	}
}
