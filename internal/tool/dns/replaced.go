// SPDX-License-Identifier: MIT

package dns

// replaces says which entries a list has before and after a change, and which it loses.
func replaces(what string, before, after []string) string {
	was, is := named(before), all(after)
	if len(before) == 0 {
		was = "none"
	}
	if len(after) == 0 {
		is = "none"
	}
	text := "replaces the " + what + " (" + was + ") with these: " + is
	if lost := without(before, after); len(lost) > 0 {
		return text + "; it removes " + named(lost)
	}
	return text + "; it removes none"
}

// explicit returns list as [] when it is empty: the meaning of null is not documented.
func explicit[T any](list []T) []T { return append([]T{}, list...) }
