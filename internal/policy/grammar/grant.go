// SPDX-License-Identifier: MIT

package grammar

import (
	"net/netip"
	"slices"
	"strings"
)

func (c *checker) grant(g Grant) {
	if len(g.IP) == 0 && len(g.App) == 0 {
		c.add(g.Place, api("ip and app can not both be empty", `write what is granted, such as "ip": ["tcp:443"]`))
	}
	for _, src := range g.Src {
		c.source(src)
	}
	toSelf, toInternet := false, false
	for _, dst := range g.Dst {
		c.add(dst.Place, c.grantDst(dst.Text))
		toSelf = toSelf || is(dst.Text, self)
		toInternet = toInternet || is(dst.Text, "autogroup:internet")
	}
	c.selfSources(toSelf, g.Src)
	for _, via := range g.Via {
		c.add(via.Place, c.via(via.Text))
	}
	for _, ip := range g.IP {
		c.add(ip.Place, api(ipMistake(ip.Text), `write "*", ports such as "443" or "8000-8999", or with a protocol as "tcp:443" and "icmp:*"`))
	}
	for _, capability := range g.App {
		c.add(capability.Place, capabilityName(capability.Text))
	}
	if toInternet && len(g.App) > 0 {
		c.add(g.App[0].Place, own("cannot use app grants with autogroup:internet", "grant app to devices, tags or people"))
	}
	c.srcPosture(g.SrcPosture)
}

// grantDst says what is wrong with a destination of a grant, which has no ports.
func (c *checker) grantDst(dst string) mistake {
	if m := destination(dst); m.message != "" {
		return m
	}
	if prefix, err := netip.ParsePrefix(dst); err == nil && prefix.Bits() == 0 {
		return api("dst "+quote(dst)+`: to allow all IP addresses, use "*" or "autogroup:internet"`, "use one of them")
	}
	if strings.Count(dst, ":") > 1 && !isAddresses(dst) && !strings.Contains(dst, "@") {
		return api("dst "+quote(dst)+`: host name must not contain colon (":") for `+quote(dst), "write the ports of a grant in its ip, as in tcp:22")
	}
	m := c.selector(dst)
	if strings.HasPrefix(m.message, "host name must") {
		return m.after("dst " + quote(dst) + ": ")
	}
	return m.after("dst=" + quote(dst) + ": ").guessed()
}

// via says what is wrong with a router of a grant.
func (c *checker) via(via string) mistake {
	switch {
	case !strings.HasPrefix(via, "tag:"):
		return own("via can only be a tag", "name the tag of the routers")
	case !c.tags[strings.ToLower(via)]:
		return api("tag "+quote(via)+" not found", "define it in tagOwners or correct its name")
	}
	return mistake{}
}

// ours are the capabilities under tailscale.com that a policy file may grant; the
// service gives the others itself.
var ours = []string{
	"tailscale.com/cap/aperture", "tailscale.com/cap/drive", "tailscale.com/cap/golink", "tailscale.com/cap/kubernetes",
	"tailscale.com/cap/proxy-to-grafana", "tailscale.com/cap/relay", "tailscale.com/cap/secrets", "tailscale.com/cap/tsidp", "tailscale.com/cap/webui",
}

// capabilityName says what is wrong with the name of an application capability.
func capabilityName(name string) mistake {
	domain, path, _ := strings.Cut(name, "/")
	switch {
	case domain == "" || path == "" || strings.ContainsAny(domain, ": "):
		return api("capability name must have the form {domain}/{path}", "write it as example.com/cap/NAME, without https://")
	case (domain == "tailscale.com" || strings.HasSuffix(domain, ".tailscale.com")) && !slices.Contains(ours, name):
		return api("capability name must not be in the tailscale.com domain", "use a domain of your own, or one of "+strings.Join(ours, ", "))
	}
	return mistake{}
}
