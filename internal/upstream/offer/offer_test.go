// SPDX-License-Identifier: MIT

package offer

import "testing"

// TestSaysError: a result says that its call failed as Go's decoder reads it, in whatever
// letters, the last one if there are several.
func TestSaysError(t *testing.T) {
	for text, want := range map[string]struct{ failed, ok bool }{
		`{"content":[]}`:                           {false, true},
		`{"content":[],"isError":true}`:            {true, true},
		` {"isError" : true , "content":[{}]} `:    {true, true},
		`{"isError":false}`:                        {false, true},
		`{"isError":null}`:                         {false, true},
		`{"iserror":true}`:                         {true, true},
		`{"isError":true,"isError":false}`:         {false, true},
		`{"\u0069sError":true}`:                    {true, true},
		`{"content":[{"isError":true}],"x":"\"}"}`: {false, true},
		`{"isError":"true"}`:                       {false, false},
		`{"isError":1}`:                            {false, false},
		`[]`:                                       {false, false},
	} {
		if failed, ok := saysError([]byte(text)); ok != want.ok || failed != want.failed {
			t.Errorf("%s: %v, %v", text, failed, ok)
		}
	}
}
