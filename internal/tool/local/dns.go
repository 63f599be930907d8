// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"maps"
	"slices"
	"strings"

	"tailscale.com/types/dnstype"

	"tailscale-mcp/internal/tool"
)

type dnsResult struct {
	MagicDNS          bool          `json:"magicDNS" jsonschema:"whether the tailnet resolves the names of its nodes (MagicDNS)"`
	MagicDNSSuffix    string        `json:"magicDNSSuffix,omitempty" jsonschema:"what these names end with"`
	AcceptDNS         bool          `json:"acceptDNS" jsonschema:"whether this host uses the tailnet's DNS at all (tailscale set --accept-dns); while false, all below is unused here"`
	Name              string        `json:"name,omitempty" jsonschema:"this host's own full MagicDNS name"`
	Resolvers         []dnsResolver `json:"resolvers" jsonschema:"resolvers for everything without a route; empty means those of the host's own network"`
	FallbackResolvers []dnsResolver `json:"fallbackResolvers,omitempty" jsonschema:"used for the rest where the host's own resolvers cannot be kept beside the routes"`
	Routes            []dnsRoute    `json:"routes" jsonschema:"split DNS: which domains are asked of which resolvers"`
	SearchDomains     []string      `json:"searchDomains" jsonschema:"appended to short names"`
	CertDomains       []string      `json:"certDomains" jsonschema:"names this host can have TLS certificates for"`
	ExtraRecords      []dnsRecord   `json:"extraRecords,omitempty" jsonschema:"records that the tailnet adds to MagicDNS"`
}

type dnsResolver struct {
	Address         string   `json:"address" jsonschema:"IP address, or URL for DNS over HTTPS"`
	Bootstrap       []string `json:"bootstrap,omitempty" jsonschema:"addresses to find the resolver's own name by"`
	UseWithExitNode bool     `json:"useWithExitNode,omitempty" jsonschema:"is used even while an exit node is"`
}

type dnsRoute struct {
	Domain    string        `json:"domain"`
	Resolvers []dnsResolver `json:"resolvers" jsonschema:"empty means tailscaled answers by itself"`
}

type dnsRecord struct {
	Name  string `json:"name"`
	Type  string `json:"type,omitempty" jsonschema:"absent for A and AAAA"`
	Value string `json:"value"`
}

func (n *node) getNodeDNS() tool.Tool {
	d := read("get_node_dns", "DNS of this host", `{}`,
		"DNS that the tailnet gives this host; to test a name use query_dns.")
	return tool.New(d, func(ctx context.Context, _ tool.Call, _ nothing) (dnsResult, error) {
		st, err := n.tailscaled.Self(ctx)
		if err != nil {
			return dnsResult{}, err
		}
		config, err := n.tailscaled.DNSConfig(ctx)
		if err != nil {
			return dnsResult{}, err
		}
		prefs, err := n.tailscaled.Prefs(ctx)
		if err != nil {
			return dnsResult{}, err
		}
		out := dnsResult{
			MagicDNS:       config.Proxied,
			MagicDNSSuffix: magicDNSSuffix(st),
			AcceptDNS:      prefs.CorpDNS,
			Name:           fullName(st.Self),
			Resolvers:      resolvers(config.Resolvers),
			Routes:         []dnsRoute{},
			SearchDomains:  filled(config.Domains),
			CertDomains:    filled(config.CertDomains),
		}
		if len(config.FallbackResolvers) > 0 {
			out.FallbackResolvers = resolvers(config.FallbackResolvers)
		}
		for _, domain := range slices.Sorted(maps.Keys(config.Routes)) {
			out.Routes = append(out.Routes, dnsRoute{Domain: strings.TrimSuffix(domain, "."), Resolvers: resolvers(config.Routes[domain])})
		}
		for _, r := range config.ExtraRecords {
			out.ExtraRecords = append(out.ExtraRecords, dnsRecord{Name: strings.TrimSuffix(r.Name, "."), Type: r.Type, Value: r.Value})
		}
		return out, nil
	})
}

func resolvers(all []*dnstype.Resolver) []dnsResolver {
	out := make([]dnsResolver, 0, len(all))
	for _, r := range all {
		if r == nil {
			continue
		}
		one := dnsResolver{Address: r.Addr, UseWithExitNode: r.UseWithExitNode}
		if len(r.BootstrapResolution) > 0 {
			one.Bootstrap = texts(r.BootstrapResolution)
		}
		out = append(out, one)
	}
	return out
}
