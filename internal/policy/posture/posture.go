// SPDX-License-Identifier: MIT

// Package posture reads the conditions of postures and judges a device's attributes by
// them. A leaf.
package posture

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Attributes are what is known of a device.
type Attributes struct {
	Values map[string]any // a string, a float64 or a bool each
	Whole  bool           // there are no others
}

// Judgement is whether a device meets a condition.
type Judgement int

// The judgements, such that the least of several is that of all of them together.
const (
	Fails Judgement = iota
	Unknown
	Meets
)

// condition is one line of a posture.
type condition struct {
	attribute, operator string
	values              []any
}

var line = regexp.MustCompile(`^\s*([A-Za-z0-9_.-]+:[^\s=!<>]+)\s*(==|!=|>=|<=|>|<|(?i:not\s+in|in|is\s+set|not\s+set))\s*(.*?)\s*$`)

// parse reads a condition such as "node:os == 'macos'" or "custom:tier IN ['a', 'b']",
// and reports whether the text is one.
func parse(text string) (condition, bool) {
	m := line.FindStringSubmatch(text)
	if m == nil {
		return condition{}, false
	}
	c := condition{attribute: m[1], operator: strings.ToUpper(strings.Join(strings.Fields(m[2]), " "))}
	switch c.operator {
	case "IS SET", "NOT SET":
		return c, m[3] == ""
	case "IN", "NOT IN":
		list, open := strings.CutPrefix(m[3], "[")
		list, closed := strings.CutSuffix(list, "]")
		if !open || !closed {
			return c, false
		}
		for part := range strings.SplitSeq(list, ",") {
			v, ok := value(strings.TrimSpace(part))
			if !ok {
				return c, false
			}
			c.values = append(c.values, v)
		}
		return c, true
	}
	v, ok := value(m[3])
	c.values = []any{v}
	return c, ok
}

// value reads a text in quotes, a number or a truth value.
func value(text string) (any, bool) {
	switch {
	case text == "true", text == "false":
		return text == "true", true
	case len(text) >= 2 && (text[0] == '\'' || text[0] == '"') && text[0] == text[len(text)-1]:
		return text[1 : len(text)-1], true
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// Judge says whether attributes meet all conditions. Who meets a condition that cannot be
// read is not known: the service may read more than we do.
func Judge(conditions []string, have Attributes) Judgement {
	all := Meets
	for _, text := range conditions {
		c, ok := parse(text)
		if !ok {
			all = min(all, Unknown)
			continue
		}
		all = min(all, c.judge(have))
	}
	return all
}

func (c condition) judge(have Attributes) Judgement {
	v, set := have.Values[c.attribute]
	if !set && !have.Whole {
		return Unknown
	}
	met := false
	switch c.operator {
	case "IS SET":
		met = set
	case "NOT SET":
		met = !set
	case "!=", "NOT IN":
		if !set {
			return Unknown // the documentation does not say
		}
		met = !slices.ContainsFunc(c.values, func(w any) bool { return same(v, w) })
	case "==", "IN":
		met = set && slices.ContainsFunc(c.values, func(w any) bool { return same(v, w) })
	default:
		if !set {
			return Fails
		}
		order, ok := compare(v, c.values[0])
		if !ok {
			return Unknown
		}
		met = order < 0 && c.operator[0] == '<' || order > 0 && c.operator[0] == '>' || order == 0 && len(c.operator) == 2
	}
	if met {
		return Meets
	}
	return Fails
}
