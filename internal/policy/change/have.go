// SPDX-License-Identifier: MIT

package change

import "tailscale-mcp/internal/policy/selector"

// have is who has a thing: surely, and maybe.
type have struct{ sure, may set }

// set is ends, with what is said of the other file.
type set selector.Bits

// minus returns who has something surely, and had not even maybe; nil for nobody.
func (s set) minus(before have) selector.Bits {
	return combine(len(s), func(i int) uint64 { return s[i] &^ (before.sure[i] | before.may[i]) })
}

// perhaps returns who may have gained something: they had it maybe and have it surely,
// or have it maybe and had not; nil for nobody.
func (h have) perhaps(before have) selector.Bits {
	return combine(len(h.sure), func(i int) uint64 {
		return h.sure[i]&before.may[i] | h.may[i]&^(before.sure[i]|before.may[i])
	})
}

// combine makes a set word by word; nil where it is empty.
func combine(words int, word func(int) uint64) selector.Bits {
	var b selector.Bits
	for i := range words {
		if w := word(i); w != 0 {
			if b == nil {
				b = make(selector.Bits, words)
			}
			b[i] = w
		}
	}
	return b
}

// who fills in who has a thing at a destination by some facts, and returns by which.
func (d *difference) who(h *have, facts []fact, list []int, at int, covers func(*fact) bool) (by []int) {
	if h.sure == nil {
		h.sure, h.may = set(d.space.empty()), set(d.space.empty())
	}
	clear(h.sure)
	clear(h.may)
	sure, may := selector.Bits(h.sure), selector.Bits(h.may)
	for _, i := range list {
		f := &facts[i]
		if !covers(f) {
			continue
		}
		d.budget -= 2 * len(sure)
		by = append(by, i)
		if f.dst.Has(at) {
			sure.Merge(f.src)
		} else {
			may.Merge(f.src)
		}
		may.Merge(f.may)
	}
	for i := range may {
		may[i] &^= sure[i]
	}
	return by
}
