// SPDX-License-Identifier: MIT

package remote

import (
	"net/netip"
	"strings"
	"testing"

	"tailscale-mcp/internal/upstream/entry"
)

// TestRefused: what the network of an entry leaves out is refused in every form that leads
// there.
func TestRefused(t *testing.T) {
	internet, listed := entry.Network{Internet: true}, entry.Network{Listed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd7a:115c:a1e0::/48")}}
	for _, text := range []string{
		"0.0.0.0", "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.100", "100.127.255.255",
		"169.254.169.254", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00::1", "fd7a:115c:a1e0::53", "ff02::1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::6440:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::", "2002:6440:1::1", "2001::1", "2001:0:4136:e378::1", "100::1", "5f00::1", "4000::1",
	} {
		if why := refused(netip.MustParseAddr(text), internet); !strings.HasPrefix(why, "the address ") {
			t.Errorf("%s is taken for the internet", text)
		}
		if why := refused(netip.MustParseAddr(text), entry.Network{Unconfined: true}); why != "" {
			t.Errorf("%s, unconfined: %s", text, why)
		}
	}
	for _, text := range []string{"1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1", "2001:4860::8888"} {
		if why := refused(netip.MustParseAddr(text), internet); why != "" {
			t.Errorf("%s: %s", text, why)
		}
		if refused(netip.MustParseAddr(text), listed) == "" || refused(netip.MustParseAddr(text), entry.Network{}) == "" {
			t.Errorf("%s is not listed", text)
		}
	}
	for text, ok := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "127.0.0.1": true, "127.0.0.2": false, "fd7a:115c:a1e0::1": true, "64:ff9b::a01:203": false} {
		if got := refused(netip.MustParseAddr(text), listed) == ""; got != ok {
			t.Errorf("%s of those listed: %v", text, got)
		}
	}
}
