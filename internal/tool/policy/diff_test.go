// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// patch makes of old what a difference says, and fails where old is not as it says.
func patch(t *testing.T, old, difference string) string {
	t.Helper()
	lines := strings.Split(old, "\n")
	var now []string
	at := 0
	for line := range strings.Lines(difference) {
		line = strings.TrimSuffix(line, "\n")
		switch line[0] {
		case '@':
			var i, j int
			if _, err := fmt.Sscanf(line, "@@ -%d +%d @@", &i, &j); err != nil || i-1 < at || i-1 > len(lines) {
				t.Fatalf("got %q behind line %d of %d, error %v", line, at, len(lines), err)
			}
			now = append(now, lines[at:i-1]...)
			if at = i - 1; len(now) != j-1 {
				t.Fatalf("%s: the new text has %d lines until there", line, len(now))
			}
		case '-':
			if at == len(lines) || lines[at] != line[1:] {
				t.Fatalf("%q is not line %d of %q", line, at+1, old)
			}
			at++
		case '+':
			now = append(now, line[1:])
		}
	}
	return strings.Join(append(now, lines[at:]...), "\n")
}

// Whoever confirms a difference confirms all of it and nothing else.
func TestDifference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		texts := [2]string{}
		for i := range texts {
			for range random.IntN(12) {
				texts[i] += strings.Repeat("x", random.IntN(3)) + "\n"[:random.IntN(2)]
			}
		}
		if got := patch(t, texts[0], difference(texts[0], texts[1])); got != texts[1] {
			t.Fatalf("got %q, want %q from %q by\n%s", got, texts[1], texts[0], difference(texts[0], texts[1]))
		}
	}
	for _, c := range []struct{ old, now, want string }{
		{"a\nb\n", "a\nb\n", ""},
		{"a\nb\nc\nd\ne\n", "a\nB\nc\ne\nf\n", "@@ -2 +2 @@\n-b\n+B\n@@ -4 +4 @@\n-d\n@@ -6 +5 @@\n+f\n"},
		{"a\n", "a", "@@ -2 +2 @@\n-\n"},
	} {
		if got := difference(c.old, c.now); got != c.want {
			t.Errorf("from %q to %q: got\n%s\nwant\n%s", c.old, c.now, got, c.want)
		}
	}
	// Too many lines to compare each with each: all in between is replaced.
	long := "first\n" + strings.Repeat("a\nb\n", 1500) + "last\n"
	other := "first\n" + strings.Repeat("b\nc\n", 1500) + "last\n"
	got := difference(long, other)
	if patch(t, long, got) != other || strings.Count(got, "\n") != 1+2*3000 {
		t.Errorf("got a difference of %d lines", strings.Count(got, "\n"))
	}
}
