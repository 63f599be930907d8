// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/net/tsaddr"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

type whoIsInput struct {
	Address string `json:"address" jsonschema:"such as 100.64.0.7"`
}

type whoIsResult struct {
	Node            whoIsNode `json:"node"`
	User            string    `json:"user,omitempty" jsonschema:"login name of the owner; absent for a tagged node"`
	DisplayName     string    `json:"displayName,omitempty" jsonschema:"the owner's name for people"`
	Tags            []string  `json:"tags,omitempty" jsonschema:"ACL tags; a tagged node acts for its tags and for no user"`
	AppCapabilities []string  `json:"appCapabilities" jsonschema:"names of the app capabilities that grants give this node on this host; their values stay here"`
}

type whoIsNode struct {
	Name      string   `json:"name" jsonschema:"full MagicDNS name"`
	ID        string   `json:"id" jsonschema:"stable node ID"`
	Addresses []string `json:"addresses" jsonschema:"Tailscale addresses, IPv4 first"`
	OS        string   `json:"os,omitempty"`
	Online    *bool    `json:"online,omitempty" jsonschema:"absent when this host may not know"`
}

func (n *node) getWhoIs() tool.Tool {
	d := read("get_whois", "Who is behind an address", `{"address":"100.64.0.7"}`,
		"Which node, user or tags are behind a Tailscale address.")
	return tool.New(d, func(ctx context.Context, _ tool.Call, in whoIsInput) (whoIsResult, error) {
		address, err := addressOf(in.Address)
		if err != nil {
			return whoIsResult{}, err
		}
		who, err := n.whoIs(ctx, address)
		if err != nil {
			return whoIsResult{}, err
		}
		if who.Node == nil {
			return whoIsResult{}, &failure.Error{
				Code: failure.UpstreamMalformed, Message: "tailscaled answered without naming a node",
				Next: "an administrator of this host updates Tailscale: tailscale update",
			}
		}
		out := whoIsResult{
			Node: whoIsNode{
				Name:      strings.TrimSuffix(who.Node.Name, "."),
				ID:        string(who.Node.StableID),
				Addresses: []string{},
				Online:    who.Node.Online,
			},
			AppCapabilities: []string{},
		}
		addrs := make([]netip.Addr, 0, len(who.Node.Addresses))
		for _, prefix := range who.Node.Addresses {
			if prefix.IsSingleIP() {
				addrs = append(addrs, prefix.Addr())
			}
		}
		out.Node.Addresses = addresses(addrs)
		if who.Node.Hostinfo.Valid() {
			out.Node.OS = who.Node.Hostinfo.OS()
		}
		if who.Node.IsTagged() {
			out.Tags = who.Node.Tags
		} else if who.UserProfile != nil {
			out.User, out.DisplayName = who.UserProfile.LoginName, who.UserProfile.DisplayName
		}
		for _, name := range slices.Sorted(maps.Keys(who.CapMap)) {
			out.AppCapabilities = append(out.AppCapabilities, string(name))
		}
		return out, nil
	})
}

// whoIs asks about a Tailscale address, and about no other: tailscaled would look for
// that among the connections that it proxies for 0.2 s, and answer nobody meanwhile.
func (n *node) whoIs(ctx context.Context, at netip.AddrPort) (*apitype.WhoIsResponse, error) {
	if addr := at.Addr(); !tsaddr.IsTailscaleIP(addr) {
		return nil, tool.Invalidf("give the Tailscale address of a node; list_peers has them, and ping_peer tells which node leads to an address behind a subnet router",
			"%s is no Tailscale address, and tailscaled knows who is at those only", addr)
	}
	return n.tailscaled.WhoIs(ctx, at.Addr()) // it says who is there, whatever the port
}

// addressOf reads ip or ip:port, and nothing else that tailscaled would look up, as
// a node key.
func addressOf(text string) (netip.AddrPort, error) {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(addr.WithZone("").Unmap(), 0), nil
	}
	if pair, err := netip.ParseAddrPort(text); err == nil {
		return netip.AddrPortFrom(pair.Addr().WithZone("").Unmap(), pair.Port()), nil
	}
	return netip.AddrPort{}, tool.Invalidf("give an address as \"100.64.0.7\" or \"fd7a:115c:a1e0::7\"; list_peers has the addresses of nodes",
		"the address is neither an IP address nor one with a port")
}
