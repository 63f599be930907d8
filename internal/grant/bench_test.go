// SPDX-License-Identifier: MIT

package grant

import (
	"fmt"
	"testing"
)

// usual is what a caller with several grants has.
var usual = []string{
	`{"tools":["read:*","group:dns:write","whois"],"resources":["tailscale://devices","tailscale://device/*"]}`,
	`{"tools":["list_all_devices","get_device_info"],"resources":["bootstrap://status"]}`,
	`{"tools":["read:*"]}`,
}

// many is more than anybody should have.
func many() []string {
	var values []string
	for i := range 1000 {
		values = append(values, fmt.Sprintf(`{"tools":["tool_%d","group:g%d"],"resources":["tailscale://device/n%d","tailscale://user/u%d/*"]}`, i, i, i, i))
	}
	return values
}

func BenchmarkParse(b *testing.B) {
	for _, bb := range []struct {
		name   string
		values []string
	}{{"usual", usual}, {"many", many()}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(bb.values); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTool(b *testing.B) {
	for _, bb := range []struct {
		name   string
		values []string
		tool   Tool
		want   bool
	}{
		{"name", usual, listDevices, true},
		{"class", usual, getDNS, true},
		{"denied", usual, createKey, false},
		{"many/allowed", many(), Tool{Name: "tool_999", Group: "g999", Class: Write}, true},
		{"many/denied", many(), createKey, false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := parse(b, bb.values...)
			b.ReportAllocs()
			for b.Loop() {
				if r.Tool(bb.tool).Allowed != bb.want {
					b.Fatal("wrong decision")
				}
			}
		})
	}
}

func BenchmarkResource(b *testing.B) {
	for _, bb := range []struct {
		name   string
		values []string
		uri    string
		want   bool
	}{
		{"exact", usual, "tailscale://devices", true},
		{"below", usual, "tailscale://device/n1", true},
		{"denied", usual, "tailscale://policy", false},
		{"many/below", many(), "tailscale://user/u999/x", true},
		{"many/denied", many(), "tailscale://user/none/x", false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := parse(b, bb.values...)
			b.ReportAllocs()
			for b.Loop() {
				if r.Resource(Resource{URI: bb.uri}).Allowed != bb.want {
					b.Fatal("wrong decision")
				}
			}
		})
	}
}

func BenchmarkTemplate(b *testing.B) {
	for _, bb := range []struct {
		name     string
		values   []string
		template Template
		want     bool
	}{
		{"below", usual, device, true},
		{"many/instance", many(), device, true},
		{"many/denied", many(), routes, false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := parse(b, bb.values...)
			b.ReportAllocs()
			for b.Loop() {
				if r.Template(bb.template).Allowed != bb.want {
					b.Fatal("wrong decision")
				}
			}
		})
	}
}
