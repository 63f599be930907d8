// SPDX-License-Identifier: MIT

package bridge

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
)

// What is put together of large messages is copied once.
func TestPX3MemoryInABridge(t *testing.T) {
	const size = 4 << 20
	large := []byte(`"` + strings.Repeat("x", size) + `"`)
	request := jsonrpc.Join([]byte(`{"id":1,"method":"m","params":{"arguments":`), large, []byte(`,"_meta":{"a":1}}}`))
	answer := jsonrpc.Join([]byte(`{"id":1,"result":`), large, []byte(`}`))
	url := jsonrpc.Join([]byte(`{"mode":"url","message":`), large, []byte(`}`))
	e, err := jsonrpc.Scan(request)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]func() []byte{
		"request": func() []byte {
			b, _ := jsonrpc.WithMembers(request, &e, []byte("2"), `"b":2`, []byte(`"c":3`))
			return b
		},
		"input": func() []byte {
			b, _ := jsonrpc.WithMembers([]byte(`{"id":1,"method":"m"}`), &jsonrpc.Envelope{ID: []byte("1"), IDAt: 6}, []byte("2"), ``, large)
			return b
		},
		"question": func() []byte { return append(question([]byte("2"), "m", large), '\n') },
		"result":   func() []byte { b, _ := resultOf(answer); return jsonrpc.Join(b) },
		"url":      func() []byte { return append(question([]byte("2"), "m", url), '\n') },
	}
	times := map[string]int{"url": 2} // it is read, too
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got := part()
			runtime.ReadMemStats(&after)
			if !bytes.Contains(got, large) {
				t.Fatalf("got %d bytes without what is in them", len(got))
			}
			if used, want := after.TotalAlloc-before.TotalAlloc, uint64(max(times[name], 1)*size+1<<20); used > want {
				t.Errorf("got %d bytes for a message of %d, want at most %d", used, size, want)
			}
		})
	}
}
