// SPDX-License-Identifier: MIT

package local

import (
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

func TestResolve(t *testing.T) {
	st := small().status
	for _, c := range []struct{ name, given, want, addr string }{
		{"short name", "web-1", "n2CNTRL", "100.64.0.2"},
		{"in capitals", "WEB-1", "n2CNTRL", "100.64.0.2"},
		{"full name", "web-1.tail1234.ts.net", "n2CNTRL", "100.64.0.2"},
		{"full name with its dot", " web-1.tail1234.ts.net. ", "n2CNTRL", "100.64.0.2"},
		{"stable ID", "n2CNTRL", "n2CNTRL", "100.64.0.2"},
		{"IPv4", "100.64.0.2", "n2CNTRL", "100.64.0.2"},
		{"IPv6", "fd7a:115c:a1e0::2", "n2CNTRL", "fd7a:115c:a1e0::2"},
		{"IPv4 in IPv6", "::ffff:100.64.0.2", "n2CNTRL", "100.64.0.2"},
		{"node of another tailnet", "nas.other.ts.net", "n7CNTRL", "100.64.0.7"},
		{"its first label", "nas", "n7CNTRL", "100.64.0.7"},
		{"this host", "mcp", "n1CNTRL", "100.64.0.1"},
		{"behind a subnet router", "10.0.0.9", "", "10.0.0.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := resolve(st, c.given)
			if err != nil {
				t.Fatal(err)
			}
			id := ""
			if got.peer != nil {
				id = string(got.peer.ID)
			}
			if id != c.want || got.addr.String() != c.addr || got.self != (id == "n1CNTRL") {
				t.Errorf("got %s at %s (self %v), want %s at %s", id, got.addr, got.self, c.want, c.addr)
			}
		})
	}
}

// A MagicDNS name wins over the hostname of another node, as it does in DNS.
func TestMagicDNSNameBeforeHostname(t *testing.T) {
	st := small().status
	st.Peer[nodeKey(9)].HostName = "web-1"
	if got, err := resolve(st, "web-1"); err != nil || got.peer.ID != "n2CNTRL" {
		t.Errorf("got %v, %v; want n2CNTRL", got.peer, err)
	}
	st.Peer[nodeKey(7)].DNSName = "web-1.other.ts.net."
	if got, err := resolve(st, "web-1"); err != nil || got.peer.ID != "n2CNTRL" {
		t.Errorf("with a node of that name in another tailnet: got %v, %v; want n2CNTRL", got.peer, err)
	}
}

// A name that is nobody's is refused without naming anybody else.
func TestResolveRefuses(t *testing.T) {
	st := small().status
	for _, given := range []string{"wbe-1", "web-3", "lap", "web-1.example.com", "zebra-crossing"} {
		_, err := resolve(st, given)
		if failure.CodeOf(err) != failure.NotFound || !strings.Contains(err.Error(), "find it with list_peers") {
			t.Errorf("%s: got %v, want code %s and the next step", given, err, failure.NotFound)
		}
		if rest := strings.ReplaceAll(fmt.Sprint(err), given, ""); strings.Contains(rest, "web-1") || strings.Contains(rest, "laptop") {
			t.Errorf("%s: the refusal names other nodes: %v", given, err)
		}
	}
}

func TestManyAmbiguous(t *testing.T) {
	f := small()
	f.large(50)
	for _, ps := range f.status.Peer {
		ps.HostName = "localhost"
	}
	_, err := resolve(f.status, "localhost")
	if code(err) != tool.CodeInvalidArgument || !strings.Contains(err.Error(), "and 48 more") {
		t.Errorf("got %v, want code %s and ten of 58 candidates", err, tool.CodeInvalidArgument)
	}
}

func TestNodeWithoutAddress(t *testing.T) {
	st := small().status
	st.Peer[nodeKey(2)].TailscaleIPs = nil
	if _, err := resolve(st, "web-1"); failure.CodeOf(err) != failure.NotFound {
		t.Errorf("got %v, want code %s", err, failure.NotFound)
	}
}
