// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"time"

	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/tool"
)

type netcheckInput struct {
	AllRegions bool `json:"allRegions,omitempty" jsonschema:"not the nearest only"`
}

type netcheckResult struct {
	UDP             bool         `json:"udp" jsonschema:"UDP gets out and back; without it every connection is relayed"`
	IPv4            bool         `json:"ipv4" jsonschema:"IPv4 gets out and back"`
	IPv6            bool         `json:"ipv6" jsonschema:"IPv6 gets out and back"`
	OSHasIPv6       bool         `json:"osHasIPv6" jsonschema:"the operating system has IPv6 at all"`
	PublicIPv4      string       `json:"publicIPv4,omitempty" jsonschema:"address and port that this host is seen from"`
	PublicIPv6      string       `json:"publicIPv6,omitempty"`
	NATMapping      string       `json:"natMapping" jsonschema:"same: the NAT keeps one public address and port whatever the destination, good for direct connections; varies: another one for each destination, which makes direct connections hard; unknown"`
	PreferredDERP   string       `json:"preferredDERP,omitempty" jsonschema:"code of the nearest DERP region; absent when none answered"`
	MeasuredOver    string       `json:"measuredOver" jsonschema:"udp; when it did not get through icmp or https, whose latencies are higher; nothing when that failed as well"`
	Regions         []derpRegion `json:"regions" jsonschema:"DERP regions that answered, nearest first"`
	Unanswered      []string     `json:"unanswered" jsonschema:"codes of regions without an answer; unless allRegions was set most were just not waited for"`
	DurationSeconds float64      `json:"durationSeconds"`
}

type derpRegion struct {
	Code      string  `json:"code"`
	Name      string  `json:"name,omitempty"`
	LatencyMs float64 `json:"latencyMs"`
	IPv4Ms    float64 `json:"ipv4Ms,omitempty"`
	IPv6Ms    float64 `json:"ipv6Ms,omitempty"`
}

func (n *node) runNetcheck() tool.Tool {
	d := read("run_netcheck", "Check this host's network", `{}`,
		"Checks the network around this host: UDP, NAT, public address, DERP latencies.")
	d.Timeout = 20 * time.Second
	d.Weight = 32 // it measures the host's network: two at once disturb each other
	return tool.New(d, func(ctx context.Context, _ tool.Call, in netcheckInput) (netcheckResult, error) {
		found, err := n.tailscaled.Netcheck(ctx, in.AllRegions)
		if err != nil {
			return netcheckResult{}, err
		}
		return netcheckOf(found), nil
	})
}

func netcheckOf(found *localapi.Netcheck) netcheckResult {
	r := found.Report
	out := netcheckResult{
		UDP: r.UDP, IPv4: r.IPv4, IPv6: r.IPv6, OSHasIPv6: r.OSHasIPv6,
		PublicIPv4: public(r.GlobalV4), PublicIPv6: public(r.GlobalV6),
		NATMapping:      "unknown",
		MeasuredOver:    measuredOver(found),
		Regions:         []derpRegion{},
		Unanswered:      []string{},
		DurationSeconds: hundredths(found.Took.Seconds()),
	}
	if varies, known := r.MappingVariesByDestIP.Get(); known {
		out.NATMapping = "same"
		if varies {
			out.NATMapping = "varies"
		}
	}
	for _, id := range slices.Sorted(maps.Keys(found.Map.Regions)) {
		region := found.Map.Regions[id]
		latency, answered := r.RegionLatency[id]
		if !answered {
			out.Unanswered = append(out.Unanswered, region.RegionCode)
			continue
		}
		out.Regions = append(out.Regions, derpRegion{
			Code: region.RegionCode, Name: region.RegionName,
			LatencyMs: milliseconds(latency.Seconds()),
			IPv4Ms:    milliseconds(r.RegionV4Latency[id].Seconds()),
			IPv6Ms:    milliseconds(r.RegionV6Latency[id].Seconds()),
		})
		if id == r.PreferredDERP {
			out.PreferredDERP = region.RegionCode
		}
	}
	slices.SortStableFunc(out.Regions, func(a, b derpRegion) int { return cmp.Compare(a.LatencyMs, b.LatencyMs) })
	return out
}

func measuredOver(found *localapi.Netcheck) string {
	switch {
	case found.UDP:
		return "udp"
	case found.ICMPv4:
		return "icmp"
	case len(found.RegionLatency) > 0:
		return "https"
	}
	return "nothing"
}

func public(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
