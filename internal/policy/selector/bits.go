// SPDX-License-Identifier: MIT

package selector

import (
	"iter"
	"math/bits"
	"slices"
)

// Bits is a set of devices by their index. All sets of one tailnet have one length; the
// nil set is empty.
type Bits []uint64

// Has reports whether a device is in the set.
func (b Bits) Has(i int) bool { return i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0 }

// Add puts a device into the set.
func (b Bits) Add(i int) { b[i/64] |= 1 << (i % 64) }

// Merge puts all devices of another set into this one.
func (b Bits) Merge(o Bits) {
	for i := range o {
		b[i] |= o[i]
	}
}

// Shared returns one of some equal sets of which each may be the same one as the set: the
// first, or else the set itself. Sets that are shared are not changed any more.
func (b Bits) Shared(with ...Bits) Bits {
	for _, o := range with {
		if len(b) > 0 && slices.Equal(b, o) {
			return o
		}
	}
	return b
}

// Any reports whether the set has a device.
func (b Bits) Any() bool {
	for _, w := range b {
		if w != 0 {
			return true
		}
	}
	return false
}

// Of combines two sets of one length, word by word.
func (b Bits) Of(o Bits, with func(a, b uint64) uint64) Bits {
	c := make(Bits, len(b))
	for i := range b {
		c[i] = with(b[i], o[i])
	}
	return c
}

// And returns the devices of both sets.
func And(a, b uint64) uint64 { return a & b }

// Or returns the devices of either set.
func Or(a, b uint64) uint64 { return a | b }

// Not returns the devices of the first set that are not in the second.
func Not(a, b uint64) uint64 { return a &^ b }

// First returns the number of the lowest bit of a word that is not 0.
func First(word uint64) int { return bits.TrailingZeros64(word) }

// All yields the devices in order.
func (b Bits) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
