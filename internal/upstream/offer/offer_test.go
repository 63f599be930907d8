// SPDX-License-Identifier: MIT

package offer

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/upstream/process"
)

// TestNextStep: what a server says is to be corrected by that, and what the gateway says in its
// place by what is said besides.
func TestNextStep(t *testing.T) {
	for next, want := range map[string]string{"": "correct the call by what the server says", "wait": "wait"} {
		var told *failure.Error
		if err := Explain("odd", time.Second, &process.Refused{Code: -1, Message: "no", Next: next}); !errors.As(err, &told) || !strings.HasPrefix(told.Next, want) {
			t.Errorf("%q: %v", next, err)
		}
	}
}

// TestUntouched: of a call that a server has not looked at, nobody has to find out what it did.
func TestUntouched(t *testing.T) {
	for untouched, want := range map[bool]string{true: "it did nothing of the call", false: "what it did of the call is not known"} {
		if err := Explain("odd", time.Second, &process.Ended{Server: "odd", How: "gone", Untouched: untouched}); !strings.Contains(err.Error(), want) {
			t.Errorf("untouched %v: %v", untouched, err)
		}
	}
}

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
