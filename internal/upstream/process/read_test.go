// SPDX-License-Identifier: MIT

package process

import (
	"errors"
	"fmt"
	"testing"
)

// TestNullError: an error that is null, as some servers write that there is none, does not take
// the place of the result; without a result it is an error.
func TestNullError(t *testing.T) {
	p, _ := asks(t)
	for text, want := range map[string]string{
		`"result":{"ok":1},"error":null`: `{"ok":1}`,
		`"error":null`:                   "",
		`"result":{"ok":1},"error":{"code":-1,"message":"no"}`: "",
		`"result":{"ok":1},"error":"no"`:                       "",
	} {
		id, w, err := p.wait(t.Context(), Question{Method: "tools/call"})
		if err != nil {
			t.Fatal(err)
		}
		p.message(fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,%s}`, id, text), 0)
		a := <-w.answer
		var refused *Refused
		if string(a.Result) != want || errors.As(a.Err, &refused) != (want == "") {
			t.Errorf("%s: %s, %v", text, a.Result, a.Err)
		}
	}
}
