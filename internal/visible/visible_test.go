// SPDX-License-Identifier: MIT

package visible

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"web-1":                         "web-1",
		"a\tb\r\nc":                     "a\tb\r\nc",
		"héllo 世界 \u00a0\u3000🙂 \ufffd": "héllo 世界 \u00a0\u3000🙂 \ufffd",
		"x\u200b\u202eevil":             `x\u200b\u202eevil`,
		"tag\U000e0041\U000e0042":       `tag\U000e0041\U000e0042`,
		"\x00\x1b[31m\x7f\u0085":        `\u0000\u001b[31m\u007f\u0085`,
		"\u2028\u2029\ufeff\u00ad":      `\u2028\u2029\ufeff\u00ad`,
		"👩\u200d💻 ❤\ufe0f":              `👩\u200d💻 ❤\ufe0f`,
		`already \u200b`:                `already \u200b`,
		"\xff\u200b\xff":                "\xff" + `\u200b` + "\xff",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if got := Text(want); got != want {
			t.Errorf("%q: got %q from what is visible", want, got)
		}
	}
}

// What the review and the standard name is hidden, whatever table it is in; what
// people write is not.
func TestHidden(t *testing.T) {
	hidden := func(first, last rune) {
		t.Helper()
		for r := first; r <= last; r++ {
			if !Hidden(r) {
				t.Errorf("%U is not hidden", r)
			}
		}
	}
	for _, r := range []rune{0, 0x1b, 0x7f, 0x9b, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x2028, 0x2029, 0x3164, 0xfeff, 0xffa0, 0xe000, 0xf8ff} {
		hidden(r, r)
	}
	hidden(0x180b, 0x180f)
	hidden(0x200b, 0x200f)
	hidden(0x202a, 0x202e)
	hidden(0x2060, 0x206f)
	hidden(0xfe00, 0xfe0f)
	hidden(0xfff0, 0xfffb)
	hidden(0xe0000, 0xe01ef) // tags, and the supplement of the variation selectors
	for _, r := range "\n\r\t aZ~\u00a0\u00e9\u0301\u05d0\u0627\u3000\u4e16\uac00\ufffd\U0001f642" {
		if Hidden(r) {
			t.Errorf("%U is hidden", r)
		}
	}
	if n := Count("a\u200bb\U000e0041c\n"); n != 2 {
		t.Errorf("got %d hidden characters, want 2", n)
	}
}

func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"name":"web-1","n":[1,true,null]}`: `{"name":"web-1","n":[1,true,null]}`,
		"{\"name\":\"x\u200bevil\"}":         `{"name":"x\\u200bevil"}`,
		`{"name":"x\u200B\u202eevil"}`:       `{"name":"x\\u200b\\u202eevil"}`,
		`["tag\udb40\udc41"]`:                `["tag\\U000e0041"]`,
		"{\"k\u200b\":{\"\u00ad\":\"v\"}}":   `{"k\\u200b":{"\\u00ad":"v"}}`,
		`["\u001b[31m\b\f\n\r\t\"\\\/"]`:     `["\\u001b[31m\\u0008\\u000c\n\r\t\"\\/"]`,
		`["\\u200b","\u003c","é"]`:           `["\\u200b","\u003c","é"]`, // as it came
		"[\"\u200b\",\"a\",\"\u200b\"]":      `["\\u200b","a","\\u200b"]`,
		"\"\u200b\"":                         `"\\u200b"`,
		`"`:                                  `"`,
	} {
		if got := string(JSON([]byte(text))); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	text := []byte(`{"name":"web-1","owner":"Zoë","note":"a\u003cb"}`)
	if got := JSON(text); &got[0] != &text[0] {
		t.Error("a text with nothing hidden was copied")
	}
}

// shown is what is to come of a value, by way of decoding all of it.
func shown(value any) any {
	switch v := value.(type) {
	case string:
		return Text(v)
	case []any:
		for i := range v {
			v[i] = shown(v[i])
		}
	case map[string]any:
		all := map[string]any{}
		for name, member := range v {
			all[Text(name)] = shown(member)
		}
		return all
	}
	return value
}

// FuzzJSON: JSON stays JSON, and says the same but for what was hidden; of that
// nothing is left, however it was written.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{`{"a":"b"}`, `["\u200b"]`, "[\"\u200b\"]", `["\udb40\udc41","\ud800x"]`, `{"\u202e":{"a\\":"\""}}`, "\"\xff\u200b\"", `"\\u200b"`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got := JSON(bytes.Clone(text))
		if !json.Valid(text) {
			return // nothing is held but that it ends
		}
		var before, after any
		if err := json.Unmarshal(text, &before); err != nil {
			t.Skip() // a number that is too large
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q: got %q, %v", text, got, err)
		}
		several := strings.Count(string(text), ":") > 1 // names may have become one
		if want := shown(before); !several && !reflect.DeepEqual(want, after) {
			t.Errorf("%q: got %q", text, got)
		}
		if strings.ContainsFunc(string(got), Hidden) {
			t.Errorf("%q: something is hidden in %q", text, got)
		}
	})
}

// The usual answer holds nothing hidden, and that is to cost next to nothing.
func BenchmarkJSON(b *testing.B) {
	plain := []byte("[" + strings.Repeat(`{"name":"web-1.tailfe8c.ts.net","addresses":["100.64.0.11"],"online":true},`, 1000) + "0]")
	for name, text := range map[string][]byte{
		"plain":  plain,
		"hidden": bytes.ReplaceAll(plain, []byte("web"), []byte("w\u200beb")),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				JSON(text)
			}
		})
	}
}
