// SPDX-License-Identifier: MIT

package words

import (
	"strings"
	"testing"
)

func TestSafe(t *testing.T) {
	for name, want := range map[string]string{
		"group:eng": "group:eng", "alice+x@example.com": "alice+x@example.com", "fd7a::1/64": "fd7a::1/64",
		"": `""`, "two words": `"two words"`, "a\u202eb": `"a\u202eb"`, "ünï": `"\u00fcn\u00ef"`, `a"b`: `"a\"b"`,
		strings.Repeat("x", 101): `"` + strings.Repeat("x", 100) + `\u2026"`,
	} {
		if got := Safe(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":[1]}`: `{"a":[1]}`, "{\"\u200b\":1}": `"{\"\u200b\":1}"`, "\n": `"\n"`,
		strings.Repeat("x", 161): `"` + strings.Repeat("x", 160) + `\u2026"`,
	} {
		if got := Code(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestList(t *testing.T) {
	for want, all := range map[string][]string{
		"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}, "a, b and 2 more": {"a", "b", "c", "d"},
	} {
		if got := List(all, 2); got != want {
			t.Errorf("%q: %q, want %q", all, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	if got := Count(1, "person") + Count(2, "person") + Count(0, "device"); got != "1 person2 people0 devices" {
		t.Error(got)
	}
	if got := List(Once(Once(Once(nil, "a"), "b"), "a"), 9); got != "a and b" {
		t.Error(got)
	}
	if got := List(SafeAll([]string{"a", "b c"}), 9); got != `a and "b c"` {
		t.Error(got)
	}
}
