// SPDX-License-Identifier: MIT

package pin

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/grant"
)

// FuzzLock: a pin that is read has one form, which reads as the same; what a server
// shows, however odd, can be compared, shown and approved, and nothing but the withheld
// differs then.
func FuzzLock(f *testing.F) {
	whole := Approve(Pin{}, shown, Approval{Classes: map[string]grant.Class{"read": grant.Read}}).Text()
	f.Add(whole, []byte(`{"name": "a", "description": "\u200b"}`), "hello")
	f.Add(bytes.Replace(whole, []byte("read"), []byte("Read"), 1), []byte(`{"name": "a", "name": "b"}`), "\xff")
	f.Add([]byte(`{"version": 1}`), []byte(`{"name": "x/y", "inputSchema": [[[]]]}`), "")
	f.Fuzz(func(t *testing.T, text, tool []byte, instructions string) {
		p, err := Parse(text)
		if err != nil {
			p = Pin{}
		}
		p.sort()
		again, err := Parse(p.Text())
		if err != nil || cmp.Diff(p, again) != "" || !bytes.Equal(p.Text(), again.Text()) {
			t.Fatalf("%v: %s", err, cmp.Diff(p, again))
		}
		seen := Seen{Instructions: instructions, Tools: []json.RawMessage{tool, []byte(`{"name": "other"}`)}, Prompts: []json.RawMessage{tool}, Templates: []json.RawMessage{tool}}
		next := Approve(p, seen, Approval{AsIs: true})
		if _, err := Parse(next.Text()); err != nil {
			t.Fatalf("what was approved is not read: %v\n%s", err, next.Text())
		}
		for _, c := range append(Compare(p, seen), Compare(next, seen)...) {
			if shown := c.Text(); shown == "" || hidden([]byte(quoted(shown))) > 0 {
				t.Fatalf("shown as %q", shown)
			}
		}
		for _, c := range Compare(next, seen) {
			if !c.Final {
				t.Fatalf("approved, and still: %+v", c)
			}
		}
	})
}
