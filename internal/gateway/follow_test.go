// SPDX-License-Identifier: MIT

package gateway_test

import "testing"

// TestFollowed: of an entry that is written while the folder is read, what it says in the end
// is what holds.
func TestFollowed(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", nil)
	for i := range 500 {
		ours, shared := "{}", i%2 == 0
		if shared {
			ours = `{"instance":"shared"}`
		}
		read := make(chan struct{})
		go func() {
			defer close(read)
			b.servers.Read()
		}()
		b.Write("odd", b.OddPath(), nil, ours)
		<-read
		b.servers.Read()
		if about, ok := b.servers.About("odd"); !ok || about.Shared != shared {
			t.Fatalf("after %d changes it is there (%v) and shared (%v), which it was told to be (%v)", i, ok, about.Shared, shared)
		}
	}
}
