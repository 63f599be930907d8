// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"slices"
	"strings"
)

// Gain is one entry of the capability that gives some sources more than reads where
// the old file did not.
type Gain struct {
	// Src are the sources that gain, and Dst the destinations of their grant.
	Src, Dst []string
	// Tools are the selectors of the entry that are not of reads alone.
	Tools []string
}

// Gains returns what the new file lets somebody do by the capability that the old one
// did not, reads aside. It compares the meanings of rules and of the names in them, so
// it also sees a group that somebody joins.
func Gains(capability string, old, now File) []Gain {
	have := map[string]bool{}
	for _, g := range old.Grants {
		for _, entry := range g.App[capability] {
			for _, src := range g.Src {
				for _, dst := range g.Dst {
					have[old.right(src, dst, g.Via, g.SrcPosture, entry)] = true
				}
			}
		}
	}
	var gains []Gain
	for _, g := range now.Grants {
		for _, entry := range g.App[capability] {
			tools := changing(entry)
			if len(tools) == 0 {
				continue
			}
			var src []string
			for _, s := range g.Src {
				if slices.ContainsFunc(g.Dst, func(dst string) bool { return !have[now.right(s, dst, g.Via, g.SrcPosture, entry)] }) {
					src = append(src, s)
				}
			}
			if len(src) > 0 {
				gains = append(gains, Gain{Src: src, Dst: g.Dst, Tools: tools})
			}
		}
	}
	return gains
}

// right identifies one entry for one source at one destination: rights of the same
// meaning are equal.
func (f File) right(src, dst string, via, posture []string, entry json.RawMessage) string {
	var value any
	if json.Unmarshal(entry, &value) != nil {
		value = string(entry)
	}
	return text(f.means(src), f.means(dst), via, f.posture(posture), value)
}

// changing returns the selectors of an entry that are not of reads alone. A tool by
// its name may be of any class.
func changing(entry json.RawMessage) []string {
	var e struct{ Tools []string }
	_ = json.Unmarshal(entry, &e) // an entry that cannot be read refuses everything
	return slices.DeleteFunc(e.Tools, func(s string) bool {
		return s == "read:*" || strings.HasPrefix(s, "group:") && strings.HasSuffix(s, ":read")
	})
}
