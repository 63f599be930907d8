// SPDX-License-Identifier: MIT

package gateway_test

import (
	"strings"
	"sync"
	"testing"
)

// What users of other gateways complain of, where no other test is about it.

// TestLargeResult: an answer of a mebibyte arrives whole, in both eras.
func TestLargeResult(t *testing.T) {
	eras(t, func(t *testing.T, _ *bench, alice, _ client) {
		if got := alice.call(t, "odd", "large", nil); strings.Count(got, "x") < 1<<20 {
			t.Errorf("%d bytes arrived", len(got))
		}
	})
}

// TestSchemasAreNotJudged: a schema of an older draft is shown as it is, and a result that is
// not what the server's schema says passes: it is between the server and the client.
func TestSchemasAreNotJudged(t *testing.T) {
	eras(t, func(t *testing.T, _ *bench, alice, _ client) {
		if list := alice.must(t, "odd", "tools/list", nil); !strings.Contains(list, `"exclusiveMinimum":true`) || !strings.Contains(list, `"required":["never"]`) {
			t.Errorf("listed: %s", list)
		}
		for _, n := range []any{1, -1, "x"} {
			if got := alice.call(t, "odd", "strict", map[string]any{"n": n}); !strings.Contains(got, `"structuredContent":{"n":1}`) || strings.Contains(got, "isError") {
				t.Errorf("called with %v: %s", n, got)
			}
		}
	})
}

// TestOneProcessForManyFirstCalls: calls that come before there is a process start one.
func TestOneProcessForManyFirstCalls(t *testing.T) {
	eras(t, func(t *testing.T, b *bench, alice, _ client) {
		_, before := b.Running()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if got := alice.call(t, "odd", "count", nil); !strings.Contains(got, " of ") {
					t.Errorf("count: %s", got)
				}
			})
		}
		all.Wait()
		if _, now := b.Running(); now != before+1 {
			t.Errorf("%d processes were started", now-before)
		}
		if got := alice.call(t, "odd", "count", nil); !strings.Contains(got, `"21 of `) {
			t.Errorf("the calls went elsewhere: %s", got)
		}
	})
}
