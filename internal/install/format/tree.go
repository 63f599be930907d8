// SPDX-License-Identifier: MIT

package format

import (
	"fmt"
	"maps"
	"reflect"
)

// Lookup returns what is at the end of the path; nil when there is nothing.
func Lookup(tree map[string]any, path []string) any {
	var at any = tree
	for _, name := range path {
		table, _ := at.(map[string]any)
		at = table[name]
	}
	return at
}

// Depth returns how many steps of the path are there.
func Depth(tree map[string]any, path []string) int {
	var at any = tree
	for i, name := range path {
		table, _ := at.(map[string]any)
		next, ok := table[name]
		if !ok {
			return i
		}
		at = next
	}
	return len(path)
}

// With returns the tree with something else at the end of the path, the rest shared; of
// an empty path there is no end.
func With(tree map[string]any, path []string, value any) map[string]any {
	out := maps.Clone(tree)
	if out == nil {
		out = map[string]any{}
	}
	switch len(path) {
	case 0:
	case 1:
		out[path[0]] = value
	default:
		below, _ := tree[path[0]].(map[string]any)
		out[path[0]] = With(below, path[1:], value)
	}
	return out
}

// Without returns the tree without what is at the end of the path, and without the
// tables above it, that many, which are then empty.
func Without(tree map[string]any, path []string, parents int) map[string]any {
	out := maps.Clone(tree)
	switch len(path) {
	case 0:
	case 1:
		delete(out, path[0])
	default:
		below, _ := tree[path[0]].(map[string]any)
		below = Without(below, path[1:], parents)
		if out[path[0]] = below; len(below) == 0 && parents >= len(path)-1 {
			delete(out, path[0])
		}
	}
	return out
}

// Equal reports whether two files say the same.
func Equal(a, b any) bool {
	// Not-a-number, which TOML can write, is not equal to itself.
	return reflect.DeepEqual(a, b) || fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b)
}
