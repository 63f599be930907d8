// SPDX-License-Identifier: MIT

package address

import (
	"fmt"
	"net/netip"
	"testing"

	"go4.org/netipx"
)

// A set that many rules have counts once.
func TestDistinct(t *testing.T) {
	a, b := Of(netipx.MustParseIPRange("10.0.0.0-10.0.0.9")), Of(netipx.MustParseIPRange("10.0.0.5-10.0.1.0"))
	if got := Distinct([]*netipx.IPSet{a, b, a, a, b}); len(got) != 2 || got[0] != a || got[1] != b {
		t.Errorf("got %v", got)
	}
	if got := Union([]*netipx.IPSet{a, b, a}).Ranges(); len(got) != 1 || got[0].String() != "10.0.0.0-10.0.1.0" {
		t.Errorf("got %v", got)
	}
	if got := Edges([]*netipx.IPSet{a, b, a}); len(got) != 4 {
		t.Errorf("got %v", got)
	}
}

func TestSplit(t *testing.T) {
	set := func(text string) *netipx.IPSet {
		r, ok := Parse(text)
		if !ok {
			t.Fatal(text)
		}
		return Of(r)
	}
	at := Edges([]*netipx.IPSet{set("10.0.0.0/24"), set("10.0.0.16/28"), set("255.255.255.255"), set("fd7a::/64")})
	for text, want := range map[string]string{
		"10.0.0.0/24":         "[10.0.0.0-10.0.0.15 10.0.0.16-10.0.0.31 10.0.0.32-10.0.0.255]",
		"10.0.0.16/28":        "[10.0.0.16-10.0.0.31]",
		"9.0.0.0/24":          "[9.0.0.0-9.0.0.255]",
		"255.255.255.254/31":  "[255.255.255.254-255.255.255.254 255.255.255.255-255.255.255.255]",
		"255.255.255.255":     "[255.255.255.255-255.255.255.255]",
		"fd7a::/63":           "[fd7a::-fd7a::ffff:ffff:ffff:ffff fd7a:0:0:1::-fd7a::1:ffff:ffff:ffff:ffff]",
		"0.0.0.0-10.0.0.0":    "[0.0.0.0-9.255.255.255 10.0.0.0-10.0.0.0]",
		"10.0.0.200-10.0.1.0": "[10.0.0.200-10.0.0.255 10.0.1.0-10.0.1.0]",
	} {
		r, _ := Parse(text)
		if got := fmt.Sprint(Split(r, at)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if all := Union([]*netipx.IPSet{set("10.0.0.0/25"), set("10.0.0.128/25")}).Ranges(); len(all) != 1 {
		t.Errorf("got %v", all)
	}
	one := netip.MustParseAddr("10.0.0.1")
	if !Single(netipx.IPRangeFrom(one, one)) || Single(netipx.IPRangeFrom(one, one.Next())) {
		t.Error("one address is single, two are not")
	}
}
