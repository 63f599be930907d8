// SPDX-License-Identifier: MIT

package selector

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

func TestIPSets(t *testing.T) {
	var deep strings.Builder
	for i := range 300 {
		fmt.Fprintf(&deep, `, "ipset:d%d": ["ipset:d%d", "ipset:d%d"]`, i, i+1, i+1)
	}
	f, err := grammar.Parse(`{"hosts": {"office": "10.1.0.0/16"}, "ipsets": {
		"ipset:order": ["10.0.0.0/30", "remove 10.0.0.1", "add 10.0.0.1"],
		"ipset:names": ["add host:office", "remove 10.1.128.0/17", "office2", "192.0.2.1-192.0.2.3"],
		"ipset:self": ["10.0.0.1", "ipset:self"], "ipset:a": ["ipset:b"], "ipset:b": ["ipset:a"],
		"ipset:of": ["ipset:order", "remove 10.0.0.2/31"], "ipset:op": ["less 10.0.0.1"], "ipset:ghost": ["ipset:nothing"]` + deep.String() + `, "ipset:d300": ["10.9.9.9"]}}`)
	if err != nil {
		t.Fatal(err)
	}
	x := NewIndex(f, &tailnet.Tailnet{})
	for name, want := range map[string]struct {
		ranges string
		known  bool
	}{
		"ipset:order": {"[10.0.0.0-10.0.0.3]", true}, "ipset:names": {"[10.1.0.0-10.1.127.255 192.0.2.1-192.0.2.3]", false},
		"ipset:self": {"[10.0.0.1-10.0.0.1]", false}, "ipset:a": {"[]", false}, "ipset:b": {"[]", false}, "ipset:of": {"[10.0.0.0-10.0.0.1]", true},
		"ipset:op": {"[]", false}, "ipset:ghost": {"[]", false}, "ipset:none": {"[]", false}, "ipset:d0": {"[10.9.9.9-10.9.9.9]", true},
	} {
		s := x.Find(name)
		if got := fmt.Sprint(s.Ranges.Ranges()); got != want.ranges || s.Known != want.known {
			t.Errorf("%s: %s, known %t; want %s, %t", name, got, s.Known, want.ranges, want.known)
		}
	}
}
