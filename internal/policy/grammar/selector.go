// SPDX-License-Identifier: MIT

package grammar

import (
	"net/netip"
	"slices"
	"strings"
)

// autogroups are the groups that the service keeps. roles are those of people by what
// they may do.
var (
	roles      = []string{"admin", "auditor", "billing-admin", "it-admin", "member", "members", "network-admin", "owner"}
	autogroups = append([]string{"danger-all", "internet", "nonroot", "self", "shared", "tagged"}, roles...)
)

// selector says what is wrong with a name of devices or people on either side of a
// rule. Users are not looked up: the API takes logins of nobody.
func (c *checker) selector(name string) mistake {
	kind, rest, _ := strings.Cut(name, ":")
	switch kind {
	case "tag":
		return c.tag(name)
	case "group":
		return c.group(name)
	case "ipset":
		return c.defined(c.ipsets, "ipset", name, "ipsets")
	case "host":
		return c.defined(c.hosts, "host", rest, "hosts")
	case "autogroup":
		if !slices.Contains(autogroups, strings.ToLower(rest)) {
			return own("autogroup not found: "+quote(name), "use one of autogroup:"+strings.Join(autogroups, ", autogroup:"))
		}
		return mistake{}
	case "user":
		if !strings.HasPrefix(rest, "*@") {
			return own("not people of a domain: "+quote(name), "write user:*@DOMAIN, or a login without user:")
		}
		return c.userOf(rest)
	case "svc":
		return mistake{}
	}
	return c.plain(name)
}

// plain says what is wrong with a name without a kind: "*", a login, an address, a
// prefix, a range of addresses or a host alias.
func (c *checker) plain(name string) mistake {
	switch {
	case name == "*" || strings.Contains(name, "@") || c.hosts[strings.ToLower(name)] || isAddresses(name):
		return mistake{}
	case name == "":
		return own("a name is empty", "remove it or write what it stands for")
	case strings.Contains(name, ":"):
		return api(`host name must not contain colon (":") for `+quote(name), "write a grant's ports in its ip, as in tcp:22")
	case strings.Contains(name, "/"):
		return own("not a prefix of addresses: "+quote(name), "write a prefix such as 10.0.0.0/24")
	}
	return own("host not found: "+quote(name), "define it in hosts, or write a login with its @")
}

// tag says what is wrong with a tag that a rule names.
func (c *checker) tag(name string) mistake {
	if c.tags[strings.ToLower(name)] {
		return mistake{}
	}
	return api("tag not found: "+quote(name), "define it in tagOwners or correct its name")
}

// group says what is wrong with a group that a rule names. One with a domain comes from
// an identity provider and stands in no file.
func (c *checker) group(name string) mistake {
	if strings.Contains(name, "@") {
		return mistake{}
	}
	return c.defined(c.groups, "group", name, "groups")
}

func (c *checker) defined(names map[string]bool, kind, name, section string) mistake {
	if names[strings.ToLower(name)] {
		return mistake{}
	}
	return own(kind+" not found: "+quote(name), "define it in "+section+" or correct its name")
}

// userOf says what is wrong with the rest of a "user:*@DOMAIN" or a "localpart:*@DOMAIN".
func (c *checker) userOf(rest string) mistake {
	domain, all := strings.CutPrefix(rest, "*@")
	if !all || c.domains == nil || slices.Contains(c.domains, domain) {
		return mistake{}
	}
	return api(domain+" is not associated with this Tailnet and cannot be used in user:*@<domain> expressions",
		"use one of the tailnet's own domains: "+strings.Join(c.domains, ", "))
}

// isAddresses reports whether a text is an address, a prefix, or two addresses with a
// dash between.
func isAddresses(text string) bool {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Zone() == ""
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	low, high, found := strings.Cut(text, "-")
	from, err1 := netip.ParseAddr(low)
	to, err2 := netip.ParseAddr(high)
	return found && err1 == nil && err2 == nil && from.BitLen() == to.BitLen() && !to.Less(from)
}

// selfSource reports whether a source may reach its own devices by "autogroup:self":
// people, that is.
func selfSource(name string) bool {
	kind, rest, _ := strings.Cut(strings.ToLower(name), ":")
	switch kind {
	case "group", "user":
		return true
	case "autogroup":
		return slices.Contains(roles, rest) || rest == "shared"
	}
	return strings.Contains(name, "@")
}
