// SPDX-License-Identifier: MIT

package expect

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"tailscale-mcp/internal/testbed/assistant/company"
)

// Port is one of a protocol, tcp or udp. A rule of acls that names no protocol is for both.
type Port struct {
	Protocol string
	Number   int
}

// Reaching are the people and tags from which the rules of a policy file let a port of a
// destination be reached, as it is written in the file: "tag:db", tcp 5432. A suspended
// person reaches nothing.
func Reaching(c *company.Company, p company.Policy, destination string, port Port) (people, tags []string) {
	found := map[string]bool{}
	for _, r := range p.ACLs {
		for _, dst := range r.Dst {
			name, ports, _ := cutLast(dst)
			if opens(name, ports, destination, port.Number) {
				add(found, c, p, r.Src)
			}
		}
	}
	for _, g := range p.Grants {
		for _, dst := range g.Dst {
			for _, ip := range g.IP {
				if ports, of := strings.CutPrefix(ip, port.Protocol+":"); of && opens(dst, ports, destination, port.Number) {
					add(found, c, p, g.Src)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if strings.HasPrefix(name, "tag:") {
			tags = append(tags, name)
		} else {
			people = append(people, name)
		}
	}
	return people, tags
}

// cutLast cuts "tag:db:22,5432" before its ports.
func cutLast(dst string) (name, ports string, found bool) {
	i := strings.LastIndex(dst, ":")
	if i < 0 {
		return dst, "", false
	}
	return dst[:i], dst[i+1:], true
}

func opens(name, ports, destination string, port int) bool {
	return (name == destination || name == "*") && (ports == "*" || slices.Contains(strings.Split(ports, ","), strconv.Itoa(port)))
}

// add enters whoever the sources of a rule stand for.
func add(found map[string]bool, c *company.Company, p company.Policy, sources []string) {
	for _, src := range sources {
		switch {
		case strings.HasPrefix(src, "group:"):
			add(found, c, p, p.Groups[src])
		case src == "autogroup:member":
			for _, one := range c.People {
				add(found, c, p, []string{one.Login})
			}
		case strings.Contains(src, "@"):
			if one, err := c.Person(src); err == nil && one.Status == "active" {
				found[src] = true
			}
		default:
			found[src] = true
		}
	}
}

// Gaining are the people who reach a port of a destination by one file and not by another,
// and have a device to do so with.
func Gaining(c *company.Company, before, after company.Policy, destination string, port Port) (people []string) {
	had, _ := Reaching(c, before, destination, port)
	have, _ := Reaching(c, after, destination, port)
	for _, login := range have {
		own := Names(c, func(d company.Device) bool { return d.Owner == login && len(d.Tags) == 0 })
		if !slices.Contains(had, login) && len(own) > 0 {
			people = append(people, login)
		}
	}
	return people
}

// SinceDays are the changes of the policy file within some days, the oldest first.
func SinceDays(c *company.Company, days int) (changes []company.Change) {
	for _, one := range c.Changes {
		if c.Now.Sub(one.At).Hours() <= float64(24*days) {
			changes = append(changes, one)
		}
	}
	return changes
}
