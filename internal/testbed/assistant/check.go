// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// shown is a device in an answer.
type shown struct {
	Name     string
	User     string
	Tags     []string
	LastSeen string
	Expires  string

	EnabledRoutes, UnapprovedRoutes []string
}

// label is the name of a device without its domain, which answers may leave out.
func label(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return first
}

// labels are the names of devices, in order.
func labels(devices []shown) (names []string) {
	for _, d := range devices {
		names = append(names, label(d.Name))
	}
	slices.Sort(names)
	return names
}

// same compares lists as sets, so that what is missing and what is wrong are both said.
func same(what string, got, want []string) error {
	missing, wrong := without(want, got), without(got, want)
	if len(missing)+len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%s: missing %q, wrong %q", what, missing, wrong)
}

// without are those of a list that are not in another.
func without(list, other []string) (rest []string) {
	for _, one := range list {
		if !slices.Contains(other, one) {
			rest = append(rest, one)
		}
	}
	return rest
}

// has expects a text to have all of some parts.
func has(what, text string, parts ...string) error {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return fmt.Errorf("%s lacks %q: %s", what, part, text)
		}
	}
	return nil
}

// lacks expects a text to have none of some parts.
func lacks(what, text string, parts ...string) error {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return fmt.Errorf("%s should not have %q: %s", what, part, text)
		}
	}
	return nil
}

// on is the day of a moment, as answers write it.
func on(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// keysOf are the keys of a map, in order.
func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// first is the first error of several checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// decode reads an answer, which is JSON.
func decode(text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("the answer is not the JSON that is expected: %w: %s", err, text)
	}
	return nil
}
