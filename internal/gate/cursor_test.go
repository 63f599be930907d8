// SPDX-License-Identifier: MIT

package gate

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/testbed/told"
)

// FuzzCursor takes any position and any text for a cursor.
func FuzzCursor(f *testing.F) {
	call := Call{Caller: caller.Caller{NodeID: "n1", Login: "alice@example.com"}, dispatcher: NewDispatcher(Options{})}
	other := Call{Caller: caller.Caller{NodeID: "n1", Login: "bob@example.com"}, dispatcher: call.dispatcher}
	own, err := call.Cursor("scope")
	if err != nil {
		f.Fatal(err)
	}
	foreign := make([]Cursor, 0, 2)
	for call, scope := range map[*Call]string{&call: "scope2", &other: "scope"} {
		c, err := call.Cursor(scope)
		if err != nil {
			f.Fatal(err)
		}
		foreign = append(foreign, c)
	}
	f.Add("n00001", "")
	f.Add("", own.Seal(""))
	f.Add("a\x00b", own.Seal("x")+"\n")
	f.Add("\xff", strings.Repeat("A", 16))
	f.Fuzz(func(t *testing.T, position, text string) {
		sealed := own.Seal(position)
		if got, err := own.Open(sealed); err != nil || got != position {
			t.Errorf("got position %q, error %v; want %q", got, err, position)
		}
		for _, c := range foreign {
			if got, err := c.Open(sealed); err == nil {
				t.Errorf("another list opened it as %q", got)
			}
		}
		got, err := own.Open(text)
		if err != nil {
			told.Check(t, err)
			return
		}
		// Only what was sealed opens, be it written a little differently.
		a, errA := base64.RawURLEncoding.DecodeString(text)
		b, errB := base64.RawURLEncoding.DecodeString(own.Seal(got))
		if diff := cmp.Diff(a, b); errA != nil || errB != nil || diff != "" {
			t.Errorf("%q opened as %q, which is sealed differently:\n%s", text, got, diff)
		}
	})
}
