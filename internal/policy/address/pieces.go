// SPDX-License-Identifier: MIT

package address

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Distinct leaves out what is the very same set again: a large one may be that of many
// rules.
func Distinct(sets []*netipx.IPSet) []*netipx.IPSet {
	var all []*netipx.IPSet
	seen := make(map[*netipx.IPSet]bool, len(sets))
	for _, s := range sets {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}

// Union joins sets of addresses.
func Union(sets []*netipx.IPSet) *netipx.IPSet {
	if len(sets) == 1 {
		return sets[0]
	}
	return Build(func(b *netipx.IPSetBuilder) {
		for _, s := range Distinct(sets) {
			b.AddSet(s)
		}
	})
}

// Edges are the addresses at which one of some sets begins or has just ended, sorted.
func Edges(sets []*netipx.IPSet) []netip.Addr {
	var all []netip.Addr
	for _, s := range Distinct(sets) {
		for _, r := range s.Ranges() {
			all = append(all, r.From())
			if next := r.To().Next(); next.IsValid() {
				all = append(all, next)
			}
		}
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

// Split cuts a range at the edges in it, so that each piece is in a set whole or not.
func Split(r netipx.IPRange, at []netip.Addr) []netipx.IPRange {
	var all []netipx.IPRange
	from := r.From()
	i, _ := slices.BinarySearchFunc(at, from.Next(), netip.Addr.Compare)
	if !from.Next().IsValid() {
		return []netipx.IPRange{r}
	}
	for ; i < len(at) && at[i].BitLen() == from.BitLen() && at[i].Compare(r.To()) <= 0; i++ {
		all = append(all, netipx.IPRangeFrom(from, at[i].Prev()))
		from = at[i]
	}
	return append(all, netipx.IPRangeFrom(from, r.To()))
}

// Single reports whether a range is one address.
func Single(r netipx.IPRange) bool { return r.From() == r.To() }
