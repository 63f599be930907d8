// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"github.com/tailscale/hujson"
)

// mostChanges bounds how many places of one value are changed each by itself; one that
// differs in more is written anew, since each change reads the text again.
const mostChanges = 50

// become changes a value of the text into another, and of it only what differs.
func (d *document) become(from, to *hujson.Value) error {
	begin, rest := from.StartOffset, len(d.text)-from.EndOffset
	for range mostChanges {
		now := within(&d.whole, begin, len(d.text)-rest)
		if now == nil {
			return d.problem(begin, "make this change with replace_text", "no value is here any more")
		}
		changed, err := d.step(now, to)
		if err != nil || !changed {
			return err
		}
	}
	return d.overwrite(begin, len(d.text)-rest, to)
}

// within finds the value that has these bounds.
func within(v *hujson.Value, begin, end int) *hujson.Value {
	for v != nil && (v.StartOffset != begin || v.EndOffset != end) {
		var inner *hujson.Value
		holds := func(v *hujson.Value) {
			if v.StartOffset <= begin && end <= v.EndOffset {
				inner = v
			}
		}
		switch x := v.Value.(type) {
		case *hujson.Object:
			for i := range x.Members {
				holds(&x.Members[i].Value)
			}
		case *hujson.Array:
			for i := range x.Elements {
				holds(&x.Elements[i])
			}
		}
		v = inner
	}
	return v
}

// step makes the first change that is needed to make another value of one.
func (d *document) step(from, to *hujson.Value) (changed bool, err error) {
	if same(from, to) {
		return false, nil
	}
	l := d.list(from)
	switch x := to.Value.(type) {
	case *hujson.Object:
		if l.object {
			return true, d.stepObject(l, x)
		}
	case *hujson.Array:
		if from.Value.Kind() == '[' {
			return true, d.stepArray(l, x)
		}
	}
	return true, d.overwrite(from.StartOffset, from.EndOffset, to)
}

func (d *document) stepObject(l list, to *hujson.Object) error {
	wanted := map[string]*hujson.Value{}
	for i := range to.Members {
		wanted[nameOf(&to.Members[i])] = &to.Members[i].Value
	}
	for _, it := range l.items {
		if v := wanted[it.name]; v != nil && !same(it.value, v) {
			_, err := d.step(it.value, v)
			return err
		}
	}
	for i := range to.Members {
		name := nameOf(&to.Members[i])
		if _, ok := l.member(name); !ok {
			return d.add(l, len(l.items), name, &to.Members[i].Value, "", false)
		}
	}
	for i, it := range l.items {
		if wanted[it.name] == nil {
			return d.remove(l, i)
		}
	}
	return nil
}

// stepArray changes what is between the elements that stay at the beginning and at the
// end.
func (d *document) stepArray(l list, to *hujson.Array) error {
	front := 0
	for front < min(len(l.items), len(to.Elements)) && same(l.items[front].value, &to.Elements[front]) {
		front++
	}
	back := 0
	for back < min(len(l.items), len(to.Elements))-front && same(l.items[len(l.items)-1-back].value, &to.Elements[len(to.Elements)-1-back]) {
		back++
	}
	old, now := len(l.items)-front-back, len(to.Elements)-front-back
	switch {
	case now > old:
		return d.add(l, front, "", &to.Elements[front], "", false)
	case old > now:
		for i := front; i < front+old; i++ { // one that does not come again
			if !among(to.Elements[front:front+now], l.items[i].value) {
				return d.remove(l, i)
			}
		}
		return d.remove(l, front)
	}
	_, err := d.step(l.items[front].value, &to.Elements[front])
	return err
}

func among(values []hujson.Value, v *hujson.Value) bool {
	for i := range values {
		if same(&values[i], v) {
			return true
		}
	}
	return false
}

// overwrite puts a value in the place of another, wide where that was.
func (d *document) overwrite(begin, end int, v *hujson.Value) error {
	old := d.text[begin:end]
	k := look{style: d.style, indent: d.indent(begin)}
	k.wide, k.padded = strings.Contains(old, "\n"), strings.HasPrefix(old, "{ ")
	return d.apply(splice{begin, end, render(v, k)})
}
