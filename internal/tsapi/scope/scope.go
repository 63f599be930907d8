// SPDX-License-Identifier: MIT

// Package scope compares the scopes of an access token with those that operations need
// (https://tailscale.com/kb/1623/trust-credentials). What is needed is written as in
// "a + b", which is both, and "a | b", which is one of them. It is a leaf.
package scope

import (
	"slices"
	"strings"
)

// Set are the scopes of an access token; nil when they are not known.
type Set []string

// Lacks returns what of the needs the set does not include, and nothing when it is not
// known.
func (s Set) Lacks(needs ...string) (lacks []string) {
	if len(s) == 0 {
		return nil
	}
	for _, need := range needs {
		for _, one := range Split(need) {
			if !slices.ContainsFunc(alternatives(one), s.has) {
				lacks = append(lacks, one)
			}
		}
	}
	return lacks
}

func (s Set) has(need string) bool {
	return slices.ContainsFunc(s, func(have string) bool { return includes(have, need) })
}

// includes reports whether who has one scope has the other: `all` covers everything,
// `all:read` every read, and a scope that writes its own `:read` form.
func includes(have, need string) bool {
	base, read := strings.CutSuffix(need, ":read")
	return have == need || have == "all" || read && (have == base || have == "all:read")
}

// Split returns the parts of a need that must all be held.
func Split(need string) []string {
	if need == "" {
		return nil
	}
	return strings.Split(need, " + ")
}

func alternatives(need string) []string { return strings.Split(need, " | ") }

// Narrowed leaves of each need the alternatives that include something of what is asked
// for, where there are such.
func Narrowed(needs []string, asked string) (narrowed []string) {
	for _, need := range needs {
		left := slices.DeleteFunc(alternatives(need), func(have string) bool {
			return !slices.ContainsFunc(Split(asked), func(one string) bool { return includes(have, one) })
		})
		if len(left) > 0 {
			need = strings.Join(left, " | ")
		}
		narrowed = append(narrowed, need)
	}
	return narrowed
}

// Smallest sorts needs and leaves out what the others include: who has one of the
// alternatives of another has one of its own.
func Smallest(needs []string) []string {
	needs = slices.Compact(slices.Sorted(slices.Values(needs)))
	return slices.DeleteFunc(slices.Clone(needs), func(need string) bool {
		return slices.ContainsFunc(needs, func(other string) bool { return other != need && covers(other, need) })
	})
}

func covers(other, need string) bool {
	return !slices.ContainsFunc(alternatives(other), func(have string) bool {
		return !slices.ContainsFunc(alternatives(need), func(one string) bool { return includes(have, one) })
	})
}
