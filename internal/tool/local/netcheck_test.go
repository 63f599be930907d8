// SPDX-License-Identifier: MIT

package local

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"tailscale.com/net/netcheck"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/localapi"
)

func TestNetcheckAnswer(t *testing.T) {
	m := &tailcfg.DERPMap{Regions: map[int]*tailcfg.DERPRegion{
		1: {RegionID: 1, RegionCode: "nyc", RegionName: "New York City"},
		4: {RegionID: 4, RegionCode: "fra", RegionName: "Frankfurt"},
		9: {RegionID: 9, RegionCode: "dfw", RegionName: "Dallas"},
	}}
	open := &netcheck.Report{
		UDP: true, IPv4: true, IPv6: true, OSHasIPv6: true, PreferredDERP: 4,
		RegionLatency:   map[int]time.Duration{1: 81234567, 4: 9876543},
		RegionV4Latency: map[int]time.Duration{1: 81234567, 4: 11 * time.Millisecond},
		RegionV6Latency: map[int]time.Duration{4: 9876543},
		GlobalV4:        netip.MustParseAddrPort("203.0.113.9:12345"),
		GlobalV6:        netip.MustParseAddrPort("[2001:db8::9]:12345"),
	}
	open.MappingVariesByDestIP.Set(false)
	hard := open.Clone()
	hard.MappingVariesByDestIP.Set(true)
	for name, report := range map[string]*netcheck.Report{"open": open, "hard": hard, "blocked": {}} {
		t.Run(name, func(t *testing.T) {
			answer, err := json.Marshal(netcheckOf(&localapi.Netcheck{Report: report, Map: m, Took: 1234 * time.Millisecond}))
			golden(t, "netcheck-"+name, answer, err)
			fits(t, newBench(t, &node{}), "run_netcheck", answer)
		})
	}
}
