// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/tool"
)

// rules are the parts of a policy file that give access to this server.
type rules struct {
	Groups map[string][]string
	Hosts  map[string]string
	Grants []struct {
		Src, Dst, Via, SrcPosture []string
		App                       map[string][]json.RawMessage
	}
}

// parse reads a whole policy file as far as this server understands it.
func parse(text string) (rules, error) {
	var r rules
	standard, err := hujson.Standardize([]byte(text))
	if err != nil {
		return r, tool.Invalidf("give the whole policy file in HuJSON", "the policy is not readable: %v", err)
	}
	if err := json.Unmarshal(standard, &r); err != nil {
		return r, tool.Invalidf("give the whole policy file in HuJSON, as get_policy shows it", "the policy is not of the expected form: %v", err)
	}
	return r, nil
}

// loses reports whether a grant of the capability that gives, or may give, the
// caller access to this server is gone from the new file or says something else.
// It reads the texts of grants: what hosts or tag owners mean is not evaluated.
func loses(c caller.Caller, capability string, old, now rules) bool {
	have := map[string]bool{}
	now.each(c, capability, func(src, key string, sure bool) {
		have[src+key] = true
		if sure {
			have[key] = true
		}
	})
	lost := false
	old.each(c, capability, func(src, key string, _ bool) {
		lost = lost || !have[key] && !have[src+key]
	})
	return lost
}

func (r rules) each(c caller.Caller, capability string, visit func(src, key string, sure bool)) {
	for _, g := range r.Grants {
		for _, src := range g.Src {
			may, sure := r.matches(c, src)
			if !may {
				continue
			}
			for _, entry := range g.App[capability] {
				var value any
				if json.Unmarshal(entry, &value) != nil {
					value = string(entry)
				}
				for _, dst := range g.Dst {
					key, err := json.Marshal([]any{dst, g.Via, g.SrcPosture, value})
					if err == nil {
						visit(src, string(key), sure)
					}
				}
			}
		}
	}
}

// matches reports whether a source may be, and surely is, the caller. The roles
// behind autogroup:admin and the like are not known here, nor are ipsets.
func (r rules) matches(c caller.Caller, src string) (may, sure bool) {
	names := c.Principals()
	is := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
	tagged := len(c.Tags) > 0
	switch {
	case len(names) == 0:
		return false, false
	case src == "*" || is(src):
		return true, true
	case strings.HasPrefix(src, "group:"):
		in := !tagged && slices.ContainsFunc(r.Groups[src], is)
		return in, in
	case src == "autogroup:tagged":
		return tagged, tagged
	case src == "autogroup:member":
		return !tagged, !tagged
	case strings.HasPrefix(src, "autogroup:"):
		return !tagged, false
	case strings.HasPrefix(src, "ipset:"):
		return true, false
	}
	if host, ok := r.Hosts[src]; ok {
		src = host
	}
	addr := c.Addr.Addr().Unmap()
	if one, err := netip.ParseAddr(src); err == nil {
		return one == addr, one == addr
	}
	p, err := netip.ParsePrefix(src)
	in := err == nil && p.Contains(addr)
	return in, in
}
