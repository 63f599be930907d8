// SPDX-License-Identifier: MIT

package edit

import (
	"strconv"

	"github.com/tailscale/hujson"
)

// same reports whether two values mean the same JSON: members in any order, comments and
// space aside, numbers by their value.
func same(a, b *hujson.Value) bool {
	switch x := a.Value.(type) {
	case *hujson.Object:
		y, ok := b.Value.(*hujson.Object)
		if !ok || len(x.Members) != len(y.Members) {
			return false
		}
		named := map[string]*hujson.Value{}
		for i := range y.Members {
			named[nameOf(&y.Members[i])] = &y.Members[i].Value
		}
		for i := range x.Members {
			other := named[nameOf(&x.Members[i])]
			if other == nil || !same(&x.Members[i].Value, other) {
				return false
			}
		}
		return len(named) == len(x.Members)
	case *hujson.Array:
		y, ok := b.Value.(*hujson.Array)
		if !ok || len(x.Elements) != len(y.Elements) {
			return false
		}
		for i := range x.Elements {
			if !same(&x.Elements[i], &y.Elements[i]) {
				return false
			}
		}
		return true
	case hujson.Literal:
		y, ok := b.Value.(hujson.Literal)
		if !ok || x.Kind() != y.Kind() {
			return false
		}
		if x.Kind() == '0' && string(x) != string(y) {
			return sameNumber(string(x), string(y))
		}
		return x.String() == y.String()
	}
	return false
}

// sameNumber compares numbers that are written otherwise. Beyond 2^53 a float no longer
// tells whole numbers apart.
func sameNumber(a, b string) bool {
	const exact = 1 << 53
	x, errA := strconv.ParseFloat(a, 64)
	y, errB := strconv.ParseFloat(b, 64)
	return errA == nil && errB == nil && x == y && x < exact && x > -exact
}

// leaves counts the literals in a value, by text: what makes two rules alike.
func leaves(v *hujson.Value, into map[string]int) map[string]int {
	switch v := v.Value.(type) {
	case *hujson.Object:
		for i := range v.Members {
			leaves(&v.Members[i].Value, into)
		}
	case *hujson.Array:
		for i := range v.Elements {
			leaves(&v.Elements[i], into)
		}
	case hujson.Literal:
		into[v.String()]++
	}
	return into
}

// likeness is how many literals two values share, less those that only one has.
func likeness(a map[string]int, v *hujson.Value) int {
	b, n := leaves(v, map[string]int{}), 0
	for text, count := range b {
		shared := min(count, a[text])
		n += 2*shared - (count - shared)
	}
	return n
}
