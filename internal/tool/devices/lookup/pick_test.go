// SPDX-License-Identifier: MIT

package lookup

import (
	"testing"

	"tailscale-mcp/internal/tsapi"
)

// Addresses are compared as addresses, however either side writes them.
func TestPickByAddress(t *testing.T) {
	all := []tsapi.Device{
		{NodeID: "nA", Addresses: []string{"not one", "FD7A:115c:a1e0:0::B"}},
		{NodeID: "nB", Addresses: []string{"::ffff:100.64.0.2"}},
	}
	for name, want := range map[string]string{"fd7a:115c:a1e0::b": "nA", "fd7a:115C:A1E0:0000::000b": "nA", "100.64.0.2": "nB"} {
		if got, err := pick(all, name, true); err != nil || got.NodeID != want {
			t.Errorf("%s: got %q and error %v, want %s", name, got.NodeID, err, want)
		}
	}
}

func TestHasFormOfID(t *testing.T) {
	for name, want := range map[string]bool{
		"n292kg92CNTRL": true, "nTESTCNTRL": true, "nCNTRL": true, "92960230385": true, "1": true,
		"web": false, "n": false, "CNTRL": false, "12CNTRL": false, "n12": false, "n-1CNTRL": false, "n.CNTRL": false, "-1": false, "1.1": false, "n²CNTRL": false,
	} {
		if got := hasFormOfID(name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
}
