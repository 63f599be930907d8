// SPDX-License-Identifier: MIT

package effect

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"testing"
)

// TestMemory: a difference of two files of 500 rules, for 5,000 devices, is compiled and
// told within 64 MiB, beside the tailnet itself.
func TestMemory(t *testing.T) {
	const most = 64 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // garbage is no need
	net := company()
	usual, other := handbook(1000, ``, ``), handbook(2000, `"p999@example.com",`, `, "defaultSrcPosture": ["posture:b"]`)
	runtime.GC()
	before := heap()
	var done atomic.Bool
	peak := make(chan uint64)
	go func() {
		var most uint64
		for !done.Load() {
			most = max(most, heap())
			runtime.Gosched()
		}
		peak <- most
	}()
	r := Between(made(t, usual, net), made(t, other, net), focus)
	done.Store(true)
	if took := int64(<-peak) - int64(before); took > most { //nolint:gosec // far below 2^63
		t.Errorf("it took %d MiB to tell %d changes", took>>20, len(r.Changes))
	}
}

// heap is the size of what is on the heap, garbage that is not swept yet included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
