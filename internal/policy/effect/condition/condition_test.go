// SPDX-License-Identifier: MIT

package condition

import "testing"

func TestImplies(t *testing.T) {
	p := func(lists ...[]string) [][]string { return lists }
	linux, linuxOn, mac := []string{"linux"}, []string{"linux", "on"}, []string{"mac"}
	for name, c := range map[string]struct {
		a, b        Condition
		there, back bool
	}{
		"nothing":          {Condition{}, Condition{}, true, true},
		"a posture":        {Condition{Postures: p(linux)}, Condition{}, true, false},
		"a line more":      {Condition{Postures: p(linuxOn)}, Condition{Postures: p(linux)}, true, false},
		"another":          {Condition{Postures: p(linux)}, Condition{Postures: p(mac)}, false, false},
		"one of two":       {Condition{Postures: p(linux)}, Condition{Postures: p(linux, mac)}, true, false},
		"two, both looser": {Condition{Postures: p(linuxOn, mac)}, Condition{Postures: p(linux, mac)}, true, false},
		"other names":      {Condition{Postures: p(linux), Names: []string{"a"}}, Condition{Postures: p(linux), Names: []string{"b"}}, true, true},
		"a doubt":          {Condition{Doubts: []string{"a"}}, Condition{}, true, false},
		"a doubt more":     {Condition{Doubts: []string{"a"}}, Condition{Doubts: []string{"a", "b"}}, true, false},
		"another doubt":    {Condition{Doubts: []string{"a"}}, Condition{Doubts: []string{"b"}}, false, false},
		"a destination":    {Condition{Onto: []string{"a"}}, Condition{Onto: []string{"a"}, Doubts: []string{"b"}}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			if there, back := c.a.Implies(c.b), c.b.Implies(c.a); there != c.there || back != c.back {
				t.Errorf("got %t and %t, want %t and %t", there, back, c.there, c.back)
			}
			if same := c.a.Text() == c.b.Text(); same != (c.there && c.back) {
				t.Errorf("the texts are the same: %t", same)
			}
		})
	}
}
