// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"github.com/tailscale/hujson"
)

// given is a rule as an operation gives it.
type given struct {
	text  string
	value *hujson.Value
	// asIs is set where the text has what only HuJSON has, and so is kept as it is.
	asIs bool
}

// rule reads a rule of an operation.
func rule(argument, text string) (given, error) {
	text = strings.TrimRight(strings.TrimSpace(text), ", ")
	v, err := value(text)
	if err != nil {
		return given{}, err
	}
	if v.Value.Kind() != '{' {
		return given{}, &Error{Message: argument + " is no object", Next: `give a rule as it stands in the file, such as {"src": ["group:ops"], "dst": ["tag:web"], "ip": ["443"]}`}
	}
	return given{text, v, !v.IsStandard()}, nil
}

// find finds the one rule of a section that is meant.
func (d *document) find(l list, section string, g given, line int) (int, error) {
	found := d.matching(l, line, func(it item) bool { return d.text[it.begin:it.end] == g.text })
	if len(found) == 0 {
		found = d.matching(l, line, func(it item) bool { return same(it.value, g.value) })
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return 0, d.problem(l.items[found[0]].begin, "give line, the line where the rule that is meant begins", "%d rules of %s are like this, the second at %s", len(found), section, d.where(l.items[found[1]].begin))
	case len(l.items) == 0:
		return 0, d.problem(l.begin, "read the file with get_policy", "the rule is not in %s, which is empty", section)
	}
	best, most := 0, -1<<30
	meant := leaves(g.value, map[string]int{})
	for i, it := range l.items {
		if n := likeness(meant, it.value); n > most {
			best, most = i, n
		}
	}
	it := l.items[best]
	if line != 0 && same(it.value, g.value) {
		return 0, d.problem(it.begin, "give the line where it begins, or leave line out", "no rule like this begins at line %d of the file; one is here", line)
	}
	return 0, d.problem(it.begin, "give the rule as it stands there now, if that is what is meant", "the rule is not in %s; the most like it is %s", section, clip(d.text[it.begin:it.end]))
}

func (d *document) matching(l list, line int, is func(item) bool) []int {
	var found []int
	for i, it := range l.items {
		if !is(it) {
			continue
		}
		if line != 0 {
			if begins, _ := d.place(it.begin); begins != line {
				continue
			}
		}
		found = append(found, i)
	}
	return found
}

// addRule adds a rule or a test to its section.
func (d *document) addRule(o Operation) error {
	if o.Line != 0 && o.After == "" {
		return &Error{Message: "line is given without after", Next: "give after, the rule behind which the new one goes, or leave line out"}
	}
	g, err := rule("rule", o.Rule)
	if err != nil {
		return err
	}
	l, err := d.sectionList(o.Section, false, o.After == "")
	if err != nil {
		return err
	}
	for _, it := range l.items {
		if same(it.value, g.value) {
			return d.problem(it.begin, "leave this operation out", "%s has this already", o.Section)
		}
	}
	i := len(l.items)
	if o.After != "" {
		after, err := rule("after", o.After)
		if err != nil {
			return err
		}
		if i, err = d.find(l, o.Section, after, o.Line); err != nil {
			return err
		}
		i++
	}
	if g.asIs {
		return d.add(l, i, "", nil, g.text, d.style.lines)
	}
	return d.add(l, i, "", g.value, "", d.style.lines)
}

// removeRule removes a rule or a test.
func (d *document) removeRule(o Operation) error {
	l, i, err := d.meant(o)
	if err != nil {
		return err
	}
	return d.remove(l, i)
}

// replaceRule makes another rule of one. What stays in it keeps its comments.
func (d *document) replaceRule(o Operation) error {
	l, i, err := d.meant(o)
	if err != nil {
		return err
	}
	with, err := rule("with", o.With)
	if err != nil {
		return err
	}
	it := l.items[i]
	switch is := d.text[it.begin:it.end]; {
	case is == with.text, !with.asIs && same(it.value, with.value):
		return d.problem(it.begin, "leave this operation out", "the rule is like that already")
	case with.asIs:
		return d.apply(splice{it.begin, it.end, with.text})
	}
	return d.become(it.value, with.value)
}

// meant finds the section and the rule of an operation.
func (d *document) meant(o Operation) (list, int, error) {
	g, err := rule("rule", o.Rule)
	if err != nil {
		return list{}, 0, err
	}
	l, err := d.sectionList(o.Section, false, false)
	if err != nil {
		return list{}, 0, err
	}
	i, err := d.find(l, o.Section, g, o.Line)
	return l, i, err
}
