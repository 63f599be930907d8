// SPDX-License-Identifier: MIT

package ports

import (
	"slices"
	"testing"
)

func TestGrant(t *testing.T) {
	for text, want := range map[string]string{
		"*": "*", "443": "443", "80-90": "80-90", "tcp:443": "tcp:443", "udp:*": "udp:*", "6:22": "tcp:22", "icmp:*": "icmp:*", "tcp:80,443": "tcp:80 tcp:443",
		"*:22": "22", "255:*": "255:*", "ICMPv6:*": "ipv6-icmp:*",
		"": "", "tcp": "", "tcp:": "", "x:1": "", "90-80": "", "70000": "", "1,": "", "256:*": "", "-1": "",
	} {
		o, ok := Grant(text)
		got := ""
		for i, one := range o.Text() {
			if i > 0 {
				got += " "
			}
			got += one
		}
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %t; want %q", text, got, ok, want)
		}
	}
}

func TestLets(t *testing.T) {
	for _, c := range []struct {
		open     string
		protocol int
		port     uint16
		want     bool
	}{
		{"*", 6, 22, true}, {"*", 17, 22, true}, {"*", 1, 0, true}, {"*", 47, 0, false}, {"*", 132, 5, false},
		{"22", 6, 22, true}, {"22", 0, 22, true}, {"22", 6, 23, false}, {"22", 6, 0, true}, {"22", 1, 0, true},
		{"tcp:22", 17, 22, false}, {"tcp:22", 0, 22, true}, {"udp:53", 0, 53, true}, {"udp:53", 0, 54, false},
		{"gre:*", 47, 0, true}, {"gre:*", 6, 22, false}, {"gre:*", 0, 0, false}, {"sctp:9", 132, 9, true}, {"sctp:9", 132, 8, false},
	} {
		o, ok := Grant(c.open)
		if got := o.Lets(c.protocol, c.port); !ok || got != c.want {
			t.Errorf("%s, protocol %d, port %d: %t", c.open, c.protocol, c.port, got)
		}
	}
}

func TestCut(t *testing.T) {
	for target, want := range map[string][2]string{
		"tag:web:22": {"tag:web", "22"}, "*:*": {"*", "*"}, "web:80,443": {"web", "80,443"}, "[fd7a::1]:22": {"fd7a::1", "22"},
		"fd7a::1:22": {"fd7a::1", "22"}, "[fd7a::]/64:22": {"fd7a::/64", "22"}, "web": {"web", ""},
	} {
		name, list, _ := Cut(target)
		if got := [2]string{name, list}; got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
	if all, ok := Parse("22,*"); !ok || !slices.Equal(all, []Range{{22, 22}, All}) {
		t.Errorf("got %v", all)
	}
	if all, ok := Parse("22, 80-81"); !ok || !slices.Equal(all, []Range{{22, 22}, {80, 81}}) {
		t.Errorf("got %v", all)
	}
}
