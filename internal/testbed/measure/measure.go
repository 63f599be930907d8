// SPDX-License-Identifier: MIT

// Package measure holds what the benchmarks read in the same way: quantiles,
// and what /proc says of a process and its children. It needs Linux.
package measure

import (
	"cmp"
	"slices"
)

// Quantile returns the value below which the part q of the values lies, 0 to 1;
// the zero value when there are none. It sorts the values.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	slices.Sort(values)
	return values[min(int(q*float64(len(values))), len(values)-1)]
}

// Median is the quantile 0.5.
func Median[T cmp.Ordered](values []T) T { return Quantile(values, 0.5) }
