// SPDX-License-Identifier: MIT

package tsapi

import (
	"sync"
	"testing"

	"tailscale-mcp/internal/testbed/fakeapi"
)

// The key of the context reaches the slots. The same read of another caller, who waits
// with many before it, is not joined.
func TestCallersShareTheAPI(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Concurrency: 1, CallerRate: -1})
	r.fake.AddDevices(101)
	hold, release := fakeapi.Hold()
	defer release()
	script := r.fake.Fail("getDevice", hold)
	alice, mallory := OnBehalf(t.Context(), "alice"), OnBehalf(t.Context(), "mallory")
	var wg sync.WaitGroup
	for _, d := range r.fake.Devices() {
		wg.Go(func() {
			if _, err := r.GetDevice(mallory, d.NodeID, false); err != nil {
				t.Error(err)
			}
		})
	}
	<-script.Reached()
	eventually(t, "all of one caller", func() bool { return r.Stats().Waiting == 100 })
	wg.Go(func() {
		if _, err := r.Settings(mallory); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "one more of hers", func() bool { return r.Stats().Waiting == 101 })
	wg.Go(func() {
		if _, err := r.Settings(alice); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "the other caller", func() bool { return r.Stats().Waiting == 102 })
	release()
	wg.Wait()
	before := 0
	for _, q := range r.fake.Requests() {
		if q.Operation == "getTailnetSettings" {
			break
		}
		before++
	}
	if before > 2 {
		t.Errorf("got %d requests before the other caller's, want the one under way and the next", before)
	}
}
