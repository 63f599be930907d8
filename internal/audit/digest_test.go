// SPDX-License-Identifier: MIT

package audit

import "testing"

// What is called settled is what canonical would write; what is plainly so is called
// settled.
func TestSettled(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, `[]`: true, `"a"`: true, `null`: true, `-1.50e3`: true,
		`{"text":"hello"}`: true,
		`{"":1,"a":{"b":[{"a":1},{"a":2}],"c":"x:y"},"b":["z","a"]}`: true,
		`[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]`:                            true,
		`[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]`:                          false, // deeper than is looked
		`{"b":1,"a":2}`:                                              false,
		`{"a":1,"a":1}`:                                              false,
		`{"a":{"b":1,"a":1}}`:                                        false,
		`[{"b":1},{"b":1,"a":1}]`:                                    false,
		`{"a": 1}`:                                                   false,
		"1\n":                                                        false,
		`{"a":"<"}`:                                                  false,
		`{"a":"&"}`:                                                  false,
		`{"\u0061":1}`:                                               false,
		`"\/"`:                                                       false,
		"\"\u2028\"":                                                 false,
		`"é"`:                                                        false, // though it is so
		"\"\x7f\"":                                                   false,
		`{"a":1`:                                                     true, `}`: true, `}}{"a"}`: true, `{"a":1}x`: true, `"a`: false, // no JSON
	} {
		if got := settled([]byte(text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
		agree(t, text)
	}
}

// agree holds the promise of settled.
func agree(t *testing.T, text string) {
	t.Helper()
	if !settled([]byte(text)) {
		return
	}
	if written, err := canonical([]byte(text)); err == nil && string(written) != text {
		t.Errorf("%s counts as settled, and canonical writes %s", text, written)
	}
}

func FuzzSettled(f *testing.F) {
	for _, text := range []string{`{"a":1,"b":["x",{"a":null}]}`, `{"b":1,"a":2}`, `{"a":"\u0061"}`, `[1.0,1e400,-0]`, `}]{"a":[}`, `{"a":{},"b":{"a":1}}`} {
		f.Add(text)
	}
	f.Fuzz(agree)
}

func BenchmarkDigest(b *testing.B) {
	for name, text := range map[string]string{"settled": `{"fields":["name","os"],"limit":10,"text":"hello"}`, "not": `{"text":"hello","limit":10,"fields":["name","os"]}`} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Digest([]byte(text))
			}
		})
	}
}
