// SPDX-License-Identifier: MIT

package nesting

import (
	"strings"
	"testing"

	"github.com/tailscale/hujson"
)

func TestTooDeep(t *testing.T) {
	open := strings.Repeat("[", Most)
	for text, want := range map[string]bool{
		"":                                     false,
		open:                                   false,
		open + "[":                             true,
		strings.Repeat(`{"a":`, Most+1):        true,
		strings.Repeat("[],", 10*Most):         false,
		open + `"[[\"[[\\", [`:                 true,
		open + `"[[\"[[\\", ]`:                 false,
		open + "// [[[":                        false,
		open + "// [[[\n[":                     true,
		open + "/* [[[ */":                     false,
		open + "/* [[[ */[":                    true,
		open + "/*/[[":                         false,
		open + `"`:                             false,
		open + `"\`:                            false,
		"/" + open:                             false,
		strings.Repeat("]", 1000) + open + "]": false,
	} {
		if got := TooDeep(text); got != want {
			t.Errorf("%.40q… of %d bytes: got %t, want %t", text, len(text), got, want)
		}
	}
}

// FuzzTooDeep: what the parser takes and is not too deep is as deep as that at most.
func FuzzTooDeep(f *testing.F) {
	f.Add("[[{\"a\": /* [ */ [\"]\\\"\"]}]] // {")
	f.Add(strings.Repeat("[", Most+1) + strings.Repeat("]", Most+1))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64<<10 {
			return
		}
		v, err := hujson.Parse([]byte(text))
		if err == nil && (depth(v) > Most) != TooDeep(text) {
			t.Errorf("%q has a depth of %d, too deep: %t", text, depth(v), TooDeep(text))
		}
	})
}

func depth(v hujson.Value) int {
	most := 0
	switch v := v.Value.(type) {
	case *hujson.Object:
		for _, m := range v.Members {
			most = max(most, depth(m.Value))
		}
	case *hujson.Array:
		for _, e := range v.Elements {
			most = max(most, depth(e))
		}
	default:
		return 0
	}
	return 1 + most
}
