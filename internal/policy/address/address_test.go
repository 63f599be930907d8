// SPDX-License-Identifier: MIT

package address

import (
	"net/netip"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"100.64.0.1": "100.64.0.1-100.64.0.1", "10.1.2.3/8": "10.0.0.0-10.255.255.255", "fd7a::1": "fd7a::1-fd7a::1", "::ffff:10.0.0.1": "10.0.0.1-10.0.0.1",
		"10.0.0.1-10.0.0.9": "10.0.0.1-10.0.0.9", "": "", "web": "", "10.0.0.0/33": "", "10.0.0.9-10.0.0.1": "", "fe80::1%eth0": "", "10.0.0.1-fd7a::1": "", "my-host": "",
		"::ffff:10.1.2.3/104": "10.0.0.0-10.255.255.255", "::ffff:10.1.2.3/128": "10.1.2.3-10.1.2.3",
	} {
		r, ok := Parse(text)
		if ok != (want != "") || ok && r.String() != want {
			t.Errorf("%q: %v, %t; want %q", text, r, ok, want)
		}
	}
}

func TestRanges(t *testing.T) {
	for text, want := range map[string][2]bool{ // in the tailnet, in the internet
		"100.64.0.1": {true, false}, "100.115.92.7": {false, false}, "100.115.94.0": {true, false}, "fd7a:115c:a1e0::5": {true, false},
		"8.8.8.8": {false, true}, "10.0.0.1": {false, false}, "192.168.1.1": {false, false}, "2001:db8::1": {false, true}, "fd00::1": {false, false},
	} {
		a := netip.MustParseAddr(text)
		if got := [2]bool{Tailnet().Contains(a), Internet().Contains(a)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}
