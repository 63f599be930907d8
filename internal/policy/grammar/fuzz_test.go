// SPDX-License-Identifier: MIT

package grammar

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func seeds(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `[`, `{"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"],}], // all` + "\n}",
		file(aclTo("tag:b", "web:80-x")), file(grantTo("user:*@y.org", "autogroup:self")),
		file(granted(`"app": {"x.org/a": [{"a": [1, null, "é"]}]}`)), file(sshTo(`"checkPeriod": "1h"`)),
		`{"ipsets": {"ipset:p": ["add ipset:p"]}, "autoApprovers": {"routes": {"::/0": ["tag:a"]}}}`,
		`{"nodeAttrs": [{"target": ["*"], "ipPool": ["100.100.100.0/24"]}], "sshTests": [{"dst": ["tag:a:22"]}]}`,
		"{\"groups\": {\"group:\xff\": [\"\\ud800\"]}}", `{"tests": [{"user": "a@b", "allow": ["[::1]:22"]}]}`,
	} {
		f.Add(text)
	}
}

// FuzzParse holds that every text is read or refused with its place, and that what is
// read stands where it says.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Message == "" || e.Next == "" {
				t.Fatalf("%q: %v without a next step", text, err)
			}
			inside(t, text, e.Place)
			return
		}
		for _, section := range file.Sections {
			inside(t, text, section.Place)
		}
		for _, rule := range file.ACLs {
			inside(t, text, rule.Place)
			for _, name := range append(append([]Name{}, rule.Src...), rule.Dst...) {
				inside(t, text, name.Place)
				var s string
				if json.Unmarshal([]byte(text[name.Begin:name.End]), &s) != nil || s != name.Text {
					t.Fatalf("%q: %q is not at %+v", text, name.Text, name.Place)
				}
			}
		}
		for _, grant := range file.Grants {
			for _, c := range grant.App {
				for _, value := range c.Values {
					if !json.Valid(value) {
						t.Fatalf("%q: %s is no JSON", text, value)
					}
				}
			}
		}
	})
}

// inside holds a place to the text, by counting its lines again.
func inside(t *testing.T, text string, p Place) {
	t.Helper()
	if p.Begin < 0 || p.End < p.Begin || p.End > len(text) {
		t.Fatalf("%q: %+v is outside", text, p)
	}
	before := text[:p.Begin]
	if line, column := strings.Count(before, "\n")+1, p.Begin-strings.LastIndex(before, "\n"); line != p.Line || column != p.Column {
		t.Fatalf("%q: %+v is line %d, column %d", text, p, line, column)
	}
}

// FuzzValidate holds that each mistake has a place, words and a next step.
func FuzzValidate(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse(text)
		if err != nil {
			return
		}
		all := Validate(file, []string{"x.org"})
		if len(all) > maxMistakes {
			t.Fatalf("%q: %d mistakes", text, len(all))
		}
		for _, e := range all {
			if e.Message == "" || e.Next == "" {
				t.Fatalf("%q: %+v says nothing", text, e)
			}
			inside(t, text, e.Place)
		}
	})
}

// BenchmarkRules reads and validates files of 1,000 and of 10,000 rules: a rule must
// cost the same in both.
func BenchmarkRules(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		var text strings.Builder
		text.WriteString(`{"tagOwners": {`)
		for i := range n / 10 {
			fmt.Fprintf(&text, `"tag:t%d": ["autogroup:admin"],`, i)
		}
		text.WriteString("},\n\"acls\": [\n")
		for i := range n {
			fmt.Fprintf(&text, "  {\"action\": \"accept\", \"src\": [\"u%d@x.org\", \"tag:t%d\"], \"dst\": [\"tag:t%d:22,443\"]},\n", i, i%(n/10), i%(n/10))
		}
		text.WriteString("]}")
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if all := Validate(must(b, text.String()), nil); len(all) != 0 {
					b.Fatal(all[0])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/rule")
		})
	}
}
