// SPDX-License-Identifier: MIT

package policy

import (
	"iter"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
)

// reached yields the destinations that the caller may connect to.
func (f File) reached(c caller.Caller) iter.Seq[given] {
	return func(yield func(given) bool) {
		for _, g := range f.Grants {
			for src, sure := range f.sources(c, g.Src) {
				condition := f.posture(g.SrcPosture)
				for _, dst := range g.Dst {
					for _, ip := range g.IP {
						whole := dst == "*" && ip == "*" && len(g.Via)+len(condition) == 0
						if !yield(given{src: src, dst: dst, key: text("ip", f.means(dst), ip, g.Via, condition), sure: sure, whole: whole}) {
							return
						}
					}
				}
			}
		}
		for _, a := range f.ACLs {
			for src, sure := range f.sources(c, slices.Concat(a.Src, a.Users)) {
				condition := f.posture(a.SrcPosture)
				for _, target := range slices.Concat(a.Dst, a.Ports) {
					i := strings.LastIndexByte(target, ':')
					dst := target[:max(i, 0)]
					whole := target == "*:*" && (a.Proto == nil || a.Proto == "") && len(condition) == 0
					if !yield(given{src: src, dst: dst, key: text("acl", f.means(dst), target, a.Proto, condition), sure: sure, whole: whole}) {
						return
					}
				}
			}
		}
	}
}
