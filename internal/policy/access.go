// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// given is what one rule gives the caller by one source at one destination.
type given struct {
	src, dst, key string // key is the same for what means the same
	entry         string // of the capability
	sure          bool   // the source is the caller, and not only may be
	whole         bool   // all of the network, unconditionally
}

// Loses reports whether a rule that gives, or may give, the caller access to this
// server is gone from the new file or means something else there: a grant of the
// capability, or a network rule without which the grant is worth nothing. It compares
// the meanings of rules and of the names in them; which device has an address is not
// known here. own are the tags of this host, nil when they are not known: a rule for
// another tag is about other hosts, and without own it is that only where all grants
// name this server by tags.
func Loses(c caller.Caller, capability string, own []string, old, now File) bool {
	here, tags := map[string]bool{}, true
	for g := range old.granted(c, capability) {
		here[g.dst], tags = true, tags && strings.HasPrefix(g.dst, "tag:")
	}
	if len(here) == 0 {
		return false // the caller is not here because of this file
	}
	leadsHere := func(dst string) bool {
		switch {
		case here[dst] || !strings.HasPrefix(dst, "tag:"):
			return true
		case own != nil:
			return slices.Contains(own, dst)
		}
		return !tags
	}
	var entries []string
	for g := range now.granted(c, capability) {
		entries = append(entries, g.entry)
	}
	// One entry that cannot be read makes the caller lose all of them.
	_, malformed := grant.Parse(entries)
	return malformed != nil ||
		lost(old.granted(c, capability), now.granted(c, capability), func(string) bool { return true }) ||
		lost(old.reached(c), now.reached(c), leadsHere)
}

// lost reports whether a rule of old that counts has no rule of the same meaning in now.
func lost(old, now iter.Seq[given], counts func(dst string) bool) bool {
	have := map[string]bool{}
	for g := range now {
		if g.whole && g.sure {
			return false
		}
		have[g.src+g.key] = true
		have[g.key] = have[g.key] || g.sure
	}
	for g := range old {
		if counts(g.dst) && !have[g.key] && !have[g.src+g.key] {
			return true
		}
	}
	return false
}

// granted yields the entries of the capability that the caller has on this server.
func (f File) granted(c caller.Caller, capability string) iter.Seq[given] {
	return func(yield func(given) bool) {
		for _, g := range f.Grants {
			for src, sure := range f.sources(c, g.Src) {
				for _, entry := range g.App[capability] {
					var value any
					if json.Unmarshal(entry, &value) != nil {
						value = string(entry)
					}
					for _, dst := range g.Dst {
						key := text(f.means(dst), g.Via, f.posture(g.SrcPosture), value)
						if !yield(given{src: src, dst: dst, key: key, entry: string(entry), sure: sure}) {
							return
						}
					}
				}
			}
		}
	}
}

// sources yields the sources of a list that may be the caller, by their meaning, and
// whether they surely are.
func (f File) sources(c caller.Caller, list []string) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for _, src := range list {
			if may, sure := f.matches(c, src); may && !yield(text(f.means(src)), sure) {
				return
			}
		}
	}
}

// means returns a name of the file together with its definition there.
func (f File) means(name string) []any {
	switch {
	case strings.HasPrefix(name, "group:"):
		return []any{name, slices.Sorted(slices.Values(f.Groups[name]))}
	case strings.HasPrefix(name, "ipset:"):
		return []any{name, f.IPSets, f.Hosts} // it may be made of others
	case strings.HasPrefix(name, "posture:"):
		return []any{name, f.Postures[name]}
	}
	return []any{name, f.Hosts[name]}
}

// posture returns the condition of a rule: its own, else the file's default.
func (f File) posture(own []string) (all []any) {
	if len(own) == 0 {
		own = f.DefaultSrcPosture
	}
	for _, name := range own {
		all = append(all, f.means(name))
	}
	return all
}

// text writes values such that equal values have equal texts.
func text(values ...any) string {
	t, err := json.Marshal(values)
	if err != nil {
		panic(err) // all of it came from JSON
	}
	return string(t)
}
