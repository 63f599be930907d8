// SPDX-License-Identifier: MIT

package policy

import (
	"iter"
	"slices"
	"strings"

	"tailscale-mcp/internal/caller"
)

// acl is a network rule in the older form; users and ports are its oldest names.
type acl struct {
	Src, Users, Dst, Ports, SrcPosture []string
	Proto                              any
}

// reached is what the caller may connect to.
func (r rules) reached(c caller.Caller) iter.Seq[given] {
	return func(yield func(given) bool) {
		for _, g := range r.Grants {
			for src, sure := range r.sources(c, g.Src) {
				condition := r.posture(g.SrcPosture)
				for _, dst := range g.Dst {
					for _, ip := range g.IP {
						whole := dst == "*" && ip == "*" && len(g.Via)+len(condition) == 0
						if !yield(given{src: src, dst: dst, key: text("ip", r.means(dst), ip, g.Via, condition), sure: sure, whole: whole}) {
							return
						}
					}
				}
			}
		}
		for _, a := range r.ACLs {
			for src, sure := range r.sources(c, slices.Concat(a.Src, a.Users)) {
				condition := r.posture(a.SrcPosture)
				for _, target := range slices.Concat(a.Dst, a.Ports) {
					i := strings.LastIndexByte(target, ':')
					dst := target[:max(i, 0)]
					whole := target == "*:*" && (a.Proto == nil || a.Proto == "") && len(condition) == 0
					if !yield(given{src: src, dst: dst, key: text("acl", r.means(dst), target, a.Proto, condition), sure: sure, whole: whole}) {
						return
					}
				}
			}
		}
	}
}
