// SPDX-License-Identifier: MIT

package tsapi

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/object"
)

// The review's cases: what is too large, or short and full, costs little.
func TestAnswersThatAreTooMuch(t *testing.T) {
	const mebibyte = 1 << 20
	var a *API
	var most atomic.Int64 // bytes under way
	var text, tail string
	var size int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"logs":[`)
		part := strings.Repeat(text, mebibyte/len(text))
		for range size {
			if _, err := io.WriteString(w, part); err != nil {
				return
			}
			most.Store(max(most.Load(), a.Stats().BytesUnderWay))
		}
		_, _ = io.WriteString(w, tail)
	}))
	a = clientOf(t, server, Options{})
	for _, c := range []struct {
		name, text, tail string
		mebibytes        int
		want             string
	}{
		{"60 MiB", `{"a":"` + strings.Repeat("x", 1000) + `"},`, `{}]}`, 60, "larger than 16777216 bytes"},
		{"30 MiB of {}", `{},`, `{}]}`, 30, "larger than 16777216 bytes"},
		{"2 MiB of {}", `{},`, `{}]}`, 2, "more than 200000 elements"},
		{"1 MiB of 0", `0,`, `0]}`, 1, "more than 200000 elements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, tail, size = c.text, c.tail, c.mebibytes
			most.Store(0)
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					_, err := a.List(t.Context(), Request{Op: "listConfigurationAuditLogs", Query: map[string][]string{"target": {fmt.Sprint(i)}}}, "logs")
					e := wantError(t, err, failure.ResultTooLarge)
					if !strings.Contains(e.Message, c.want) {
						t.Errorf("got %v, want %q", e, c.want)
					}
				})
			}
			wg.Wait()
			if got := most.Load(); got > 48<<20 {
				t.Errorf("got %d bytes at once", got)
			}
			if s := a.Stats(); s.BytesUnderWay != 0 || s.SlotsInUse != 0 {
				t.Errorf("got %+v afterwards, want nothing under way", s)
			}
		})
	}
}

// A policy file with too much in it is refused before it is parsed.
func TestElementsOfAPolicy(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.Fail("getPolicyFile", fakeapi.Body(200, "application/hujson", "{\"groups\":["+strings.Repeat("{},", object.MaxElements)+"]}"))
	_, err := r.Policy(t.Context())
	wantError(t, err, failure.ResultTooLarge)
}

// What was made of an answer counts for what is kept, not its text alone.
func TestWeight(t *testing.T) {
	if w := weight(make([]Device, 1000), 10_000); w < 400_000 {
		t.Errorf("1,000 devices: got %d bytes", w)
	}
	if w := weight(make([]Object, 1000), 3000); w != 19_000 {
		t.Errorf("1,000 objects: got %d bytes", w)
	}
	if w := weight(Object{}, 10); w != 10 {
		t.Errorf("an object: got %d bytes", w)
	}
}
