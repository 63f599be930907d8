// SPDX-License-Identifier: MIT

package object

import (
	"strings"
	"testing"
)

func TestElements(t *testing.T) {
	list := func(n int, element string) string {
		return "[" + strings.Repeat(element+",", n-1) + element + "]"
	}
	for _, c := range []struct {
		name, text string
		refused    bool
	}{
		{"as many as may be", list(MaxElements, "1"), false},
		{"one more", list(MaxElements+1, "1"), true},
		{"in many lists", list(MaxElements/4, `["a","b",[]]`), true},
		{"signs in texts", `["` + strings.Repeat(`,[{\"`, MaxElements) + `"]`, false},
		{"fields", "{" + strings.Repeat(`"a":0,`, MaxMembers-1) + `"a":0}`, false},
		{"one field more", "{" + strings.Repeat(`"a":0,`, MaxMembers) + `"a":0}`, true},
		{"deep", strings.Repeat("[", 9000) + strings.Repeat("]", 9000), false},
	} {
		_, err := validJSON([]byte(c.text))
		if refused := err == ErrTooMany; refused != c.refused || !refused && err != nil {
			t.Errorf("%s: got %v, want it refused: %v", c.name, err, c.refused)
		}
	}
}
