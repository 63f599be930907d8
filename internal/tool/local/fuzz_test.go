// SPDX-License-Identifier: MIT

package local

import (
	"encoding/json"
	"testing"

	"tailscale-mcp/internal/tool"
)

// Whatever the arguments are, the answer is JSON that fits its schema, or an
// error that is told; never a panic, which the dispatcher would turn into an
// internal error.
func FuzzArguments(f *testing.F) {
	for _, a := range answers {
		f.Add(a.tool, a.arguments)
	}
	for name, arguments := range calls {
		f.Add(name, arguments)
	}
	for _, text := range []string{
		`{"limit":-1}`, `{"limit":"7","fields":"name"}`, `{"cursor":"AAAA"}`, `{"name":"\u0000\ud800"}`, `{"fields":["all","all",""]}`,
		`{"peer":"fe80::1%eth0"}`, `{"peer":"`, `{"peer":{}}`, `{"address":"[::1%25lo]:1"}`, `{"address":"1.2.3.4:99999"}`, `null`, `[]`, `{"online":"TRUE","online":null}`,
	} {
		for name := range calls {
			f.Add(name, text)
		}
	}
	fake := newFake(f)
	n := fake.node()
	f.Fuzz(func(t *testing.T, name, arguments string) {
		if _, known := calls[name]; !known || name == "run_netcheck" {
			t.Skip() // a netcheck has one boolean and takes seconds
		}
		b := newBench(t, n)
		answer, err := b.call(name, arguments)
		switch {
		case err == nil && !json.Valid(answer):
			t.Errorf("got %q, want JSON", answer)
		case err == nil:
			// Reports of its own.
		case code(err) == "" || code(err) == tool.CodeInternal:
			t.Errorf("got %v, want an error that says what to do", err)
		}
	})
}
