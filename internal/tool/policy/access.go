// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// loses reports whether a grant of the capability that gives, or may give, the
// caller access to this server is gone from the new file or means something else
// there. It compares what the rules and the names in them stand for; which device
// has a tag or an address is not known here.
func loses(c caller.Caller, capability string, old, now rules) bool {
	have := map[string]bool{}
	var entries []string
	now.each(c, capability, func(src, key, entry string, sure bool) {
		entries = append(entries, entry)
		have[src+key] = true
		if sure {
			have[key] = true
		}
	})
	// One entry that cannot be read makes the caller lose all of them.
	_, malformed := grant.Parse(entries)
	lost := false
	old.each(c, capability, func(src, key, _ string, _ bool) {
		lost = lost || malformed != nil || !have[key] && !have[src+key]
	})
	return lost
}

// each visits what the caller is granted: by which source, a key that is the same
// for grants that mean the same, and the entry of the capability.
func (r rules) each(c caller.Caller, capability string, visit func(src, key, entry string, sure bool)) {
	for _, g := range r.Grants {
		posture := g.SrcPosture
		if len(posture) == 0 {
			posture = r.DefaultSrcPosture
		}
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
					key := text(r.means(dst), g.Via, r.all(posture), value)
					visit(text(r.means(src)), key, string(entry), sure)
				}
			}
		}
	}
}

// means is a name of the file with what the file says it stands for.
func (r rules) means(name string) []any {
	switch {
	case strings.HasPrefix(name, "group:"):
		return []any{name, slices.Sorted(slices.Values(r.Groups[name]))}
	case strings.HasPrefix(name, "ipset:"):
		return []any{name, r.IPSets, r.Hosts} // it may be made of others
	case strings.HasPrefix(name, "posture:"):
		return []any{name, r.Postures[name]}
	}
	return []any{name, r.Hosts[name]}
}

func (r rules) all(names []string) (all []any) {
	for _, name := range names {
		all = append(all, r.means(name))
	}
	return all
}

func text(values ...any) string {
	t, err := json.Marshal(values)
	if err != nil {
		panic(err) // all of it came from JSON
	}
	return string(t)
}
