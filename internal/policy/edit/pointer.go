// SPDX-License-Identifier: MIT

package edit

import (
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// target is where a JSON Pointer points to.
type target struct {
	parent list
	index  int           // of the item, or where a new one goes
	name   string        // in an object
	value  *hujson.Value // nil: nothing is there
	depth  int           // 1 is that of the sections
}

// resolve follows a JSON Pointer, https://www.rfc-editor.org/rfc/rfc6901. The last part
// may name what is not there. The names of sections may be in any case.
func (d *document) resolve(pointer string) (target, error) {
	t := target{value: &d.whole}
	if pointer == "" {
		return t, nil
	}
	if pointer[0] != '/' {
		return t, &Error{Message: "the path " + quote(pointer) + " does not begin with /", Next: "give a JSON Pointer, such as /groups/group:ops/0; in a name ~1 is a / and ~0 a ~"}
	}
	for part := range strings.SplitSeq(pointer[1:], "/") {
		if t.value == nil {
			return t, d.absent(t)
		}
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		t = target{parent: d.list(t.value), name: part, depth: t.depth + 1, index: -1}
		switch d.text[t.parent.begin] {
		case '{':
			t.inObject()
		case '[':
			if !t.inArray() {
				return t, d.problem(t.parent.begin, "give a number from 0, or - for the end", "%s is no place in a list of %d elements", quote(part), len(t.parent.items))
			}
		default:
			return t, d.problem(t.parent.begin, "give the path of something that is there", "the path goes on with %s, and here is %s, which has nothing in it",
				quote(part), quote(d.text[t.parent.begin:t.parent.end]))
		}
	}
	return t, nil
}

func (t *target) inObject() {
	t.index = len(t.parent.items)
	for i, it := range t.parent.items {
		if it.name == t.name || t.depth == 1 && fold(it.name) == fold(t.name) {
			t.index, t.value = i, it.value
			return
		}
	}
}

func (t *target) inArray() bool {
	n := len(t.parent.items)
	i, err := strconv.Atoi(t.name)
	switch {
	case t.name == "-":
		i = n
	case err != nil || strconv.Itoa(i) != t.name || i < 0 || i > n:
		return false
	}
	t.index = i
	if i < n {
		t.value = t.parent.items[i].value
	}
	return true
}
