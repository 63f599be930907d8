// SPDX-License-Identifier: MIT

package local

import (
	"testing"

	"tailscale-mcp/internal/testbed/tooltest"
)

// Names of peers and of their owners are the texts of others too.
func TestNothingIsHidden(t *testing.T) {
	f := newFake(t)
	f.set(func() {
		for _, p := range f.status.Peer {
			p.HostName += tooltest.Hostile
			p.OS += tooltest.Hostile
		}
		for id, u := range f.status.User {
			u.DisplayName += tooltest.Hostile
			u.LoginName += tooltest.Hostile
			f.status.User[id] = u
		}
	})
	b := newBench(t, f.node())
	for _, name := range []string{"list_peers", "get_tailnet_status"} {
		text, err := b.call(name, `{}`)
		if err != nil {
			t.Fatal(err)
		}
		if told := tooltest.NothingHidden(t, name, string(text)); !told && name == "list_peers" {
			t.Errorf("%s: got %s, want the names in it", name, text)
		}
	}
}
