// SPDX-License-Identifier: MIT

package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// noNewline is the mark of a last line that has no line break.
const noNewline = "\n\\ No newline at end of file\n"

// patch makes of old what a difference says, and fails where old is not as it says.
func patch(t *testing.T, old, difference string) string {
	t.Helper()
	lines := slices.Collect(strings.Lines(old))
	var now []string
	at := 0
	for rest := difference; rest != ""; {
		line, after, _ := strings.Cut(rest, "\n")
		line, rest = line+"\n", after
		if strings.HasPrefix(rest, noNewline[1:]) {
			line, rest = line[:len(line)-1], rest[len(noNewline)-1:]
		}
		if line[0] == '@' {
			var i, n, j, m int
			if _, err := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &i, &n, &j, &m); err != nil {
				t.Fatalf("got %q, error %v", line, err)
			}
			if n > 0 {
				i--
			}
			if m > 0 {
				j--
			}
			if i < at || i > len(lines) {
				t.Fatalf("got %q behind line %d of %d", line, at, len(lines))
			}
			now = append(now, lines[at:i]...)
			if at = i; len(now) != j {
				t.Fatalf("%s: the new text has %d lines until there", line, len(now))
			}
			continue
		}
		if line[0] != '+' {
			if at == len(lines) || lines[at] != line[1:] {
				t.Fatalf("%q is not line %d of %q", line, at+1, old)
			}
			at++
		}
		if line[0] != '-' {
			now = append(now, line[1:])
		}
	}
	return strings.Join(append(now, lines[at:]...), "")
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
		{"1\n2\n3\n4\na\n5\n6\n7\n8\n", "1\n2\n3\n4\nb\n5\n6\n7\n8\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-a\n+b\n 5\n 6\n 7\n"},
		{"a\n", "a", "@@ -1,1 +1,1 @@\n-a\n+a" + noNewline},
	} {
		if got := difference(c.old, c.now); got != c.want {
			t.Errorf("from %q to %q: got\n%s\nwant\n%s", c.old, c.now, got, c.want)
		}
	}
}
