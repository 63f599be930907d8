// SPDX-License-Identifier: MIT

package difference

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const example = `{
	"groups": {
		"group:ops": ["alice"],
		"group:dev": [
			"carol",
			"dan",
			"erin",
			"frank",
		],
	},
	"grants": [
		// Everybody.
		{"src": ["*"]},
		{"src": ["a"]},
		{"src": ["b"]},
		{"src": ["c"]},
		{"src": ["d"]},
	],
	"randomizeClientPort": true,
}
`

// TestSections: the header of each hunk says what changes in it.
func TestSections(t *testing.T) {
	for name, c := range map[string]struct {
		old, now string // what is replaced in the example, and by what
		want     []string
	}{
		"a member":               {`["alice"]`, `["alice", "bob"]`, []string{`@@ -1,6 +1,6 @@ groups "group:ops"`}},
		"a member on a line":     {"\t\t\t\"dan\",\n", "", []string{`@@ -3,7 +3,6 @@ groups "group:dev"`}},
		"a rule, removed":        {"\t\t{\"src\": [\"c\"]},\n", "", []string{`@@ -13,7 +13,6 @@ grants[3]`}},
		"a rule, changed":        {`{"src": ["a"]}`, `{"src": ["x"]}`, []string{`@@ -11,7 +11,7 @@ grants[1]`}},
		"a comment of a section": {"// Everybody.", "// All.", []string{`@@ -9,7 +9,7 @@ grants`}},
		"a comment of a group":   {`"carol",`, `"carol", // lead`, []string{`@@ -2,7 +2,7 @@ groups "group:dev"`}},
		"a setting":              {"true", "false", []string{`@@ -16,5 +16,5 @@ randomizeClientPort`}},
		"a section, renamed":     {`"grants"`, `"acls"`, []string{`@@ -8,7 +8,7 @@ grants, acls`}},
		"two groups":             {"[\"alice\"],\n\t\t\"group:dev\"", "[],\n\t\t\"group:x\\n\"", []string{`@@ -1,7 +1,7 @@ groups "group:ops", groups "group:dev", groups "group:x\n"`}},
		"many":                   {"\t\t{\"src\": [\"*\"]},\n\t\t{\"src\": [\"a\"]},\n\t\t{\"src\": [\"b\"]},\n\t\t{\"src\": [\"c\"]},\n\t\t{\"src\": [\"d\"]},\n", "", []string{`@@ -10,11 +10,6 @@ grants[0], grants[1], grants[2], grants[3] and 1 more`}},
		"what is outside":        {"{\n\t\"groups\"", "// x\n{\n\t\"groups\"", []string{`@@ -1,3 +1,4 @@`}},
		"what is no policy":      {"{\n\t\"groups\"", "\n\t\"groups\"", []string{`@@ -1,4 +1,4 @@`}},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(example, c.old) != 1 {
				t.Fatalf("%q is not once in the example", c.old)
			}
			var headers []string
			got := Unified(example, strings.Replace(example, c.old, c.now, 1))
			for line := range strings.Lines(got) {
				if line[0] == '@' {
					headers = append(headers, strings.TrimSuffix(line, "\n"))
				}
			}
			if !slices.Equal(headers, c.want) {
				t.Errorf("got %q, want %q in\n%s", headers, c.want, got)
			}
		})
	}
	// Of what shares a line only what changes is named.
	if got, want := Unified(`{"groups": {"group:a": [], "group:b": []}, "acls": [1, 2]}`, `{"groups": {"group:a": [], "group:b": ["x"]}, "acls": [1, 2]}`), "@@ -1,1 +1,1 @@ groups \"group:b\"\n"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	// Names are bounded, and cannot end a line.
	long := strings.Repeat("x", 1000)
	header, _, _ := strings.Cut(Unified(`{"`+long+`": [1]}`, `{"`+long+`": [2], "a\n": {"`+long+`": 1}}`), "\n")
	if want := `@@ -1,1 +1,1 @@ "` + long[:60] + `…"[0], "a\n" "` + long[:60] + `…"`; header != want {
		t.Errorf("got %s, want %s", header, want)
	}
}

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
		if got := patch(t, texts[0], Unified(texts[0], texts[1])); got != texts[1] {
			t.Fatalf("got %q, want %q from %q by\n%s", got, texts[1], texts[0], Unified(texts[0], texts[1]))
		}
	}
	for _, c := range []struct{ old, now, want string }{
		{"a\nb\n", "a\nb\n", ""},
		{"1\n2\n3\n4\na\n5\n6\n7\n8\n", "1\n2\n3\n4\nb\n5\n6\n7\n8\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-a\n+b\n 5\n 6\n 7\n"},
		{"a\n", "a", "@@ -1,1 +1,1 @@\n-a\n+a" + noNewline},
	} {
		if got := Unified(c.old, c.now); got != c.want {
			t.Errorf("from %q to %q: got\n%s\nwant\n%s", c.old, c.now, got, c.want)
		}
	}
}
