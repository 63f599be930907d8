// SPDX-License-Identifier: MIT

package posture

import (
	"cmp"
	"strconv"
	"strings"
)

// same reports whether two values are equal; versions are where their numbers are.
func same(a, b any) bool {
	if a == b {
		return true
	}
	s, ok := a.(string)
	t, ok2 := b.(string)
	if !ok || !ok2 || !strings.Contains(s, ".") {
		return false
	}
	order, known := versions(s, t)
	return known && order == 0
}

// compare orders two numbers or two versions, and reports whether they have an order.
func compare(a, b any) (int, bool) {
	switch a := a.(type) {
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b), true
		}
	case string:
		if b, ok := b.(string); ok {
			return versions(a, b)
		}
	}
	return 0, false
}

// versions compares texts such as "13.4.0" and "1.60.1-t1234" by their numbers; what
// follows the numbers does not count, and a number that is missing is 0.
func versions(a, b string) (int, bool) {
	for a != "" || b != "" {
		var x, y int
		var ok, ok2 bool
		x, a, ok = number(a)
		y, b, ok2 = number(b)
		if !ok || !ok2 {
			return 0, false
		}
		if c := cmp.Compare(x, y); c != 0 {
			return c, true
		}
	}
	return 0, true
}

// number takes the first number from a version.
func number(version string) (n int, rest string, ok bool) {
	if version == "" {
		return 0, "", true
	}
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(version)
	}
	n, err := strconv.Atoi(version[:end])
	if err != nil {
		return 0, "", false
	}
	if rest, dot := strings.CutPrefix(version[end:], "."); dot {
		return n, rest, true
	}
	return n, "", true
}
