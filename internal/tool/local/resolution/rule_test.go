// SPDX-License-Identifier: MIT

package resolution

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
	"tailscale.com/types/dnstype"
	"tailscale.com/types/key"
	"tailscale.com/types/views"
)

// world is a host with a router for 10.40.0.0/16, a resolver as a node, and an exit node.
func world() Facts {
	node := func(id tailcfg.StableNodeID, name, addr string, routes ...string) *ipnstate.PeerStatus {
		ps := &ipnstate.PeerStatus{ID: id, DNSName: name + ".tail1.ts.net.", TailscaleIPs: []netip.Addr{netip.MustParseAddr(addr)}, Online: true}
		var all []netip.Prefix
		for _, r := range routes {
			all = append(all, netip.MustParsePrefix(r))
		}
		if len(all) > 0 {
			v := views.SliceOf(all)
			ps.PrimaryRoutes = &v
		}
		return ps
	}
	return Facts{
		Status: &ipnstate.Status{
			Self: node("n1", "mcp", "100.64.0.1"), CurrentTailnet: &ipnstate.TailnetStatus{MagicDNSSuffix: "tail1.ts.net"},
			Peer: map[key.NodePublic]*ipnstate.PeerStatus{
				key.NewNode().Public(): node("n2", "router", "100.64.0.2", "10.40.0.0/16"),
				key.NewNode().Public(): node("n3", "wide", "100.64.0.3", "10.0.0.0/8", "0.0.0.0/0"),
				key.NewNode().Public(): node("n4", "dns", "100.64.0.4"),
			},
		},
		Config: &tailcfg.DNSConfig{
			Proxied: true, Resolvers: []*dnstype.Resolver{{Addr: "9.9.9.9"}, {Addr: "https://dns.example/q"}, nil},
			Routes: map[string][]*dnstype.Resolver{
				"corp.internal.": {{Addr: "10.40.0.53"}}, "db.corp.internal": {{Addr: "100.64.0.4:5353"}}, "gone.example": {{Addr: "100.64.9.9"}},
				"lan.example": {{Addr: "192.168.7.1"}}, "lost.example": {{Addr: "172.16.0.53"}}, "own.example": {{Addr: "100.64.0.1"}}, "empty.example": nil,
			},
			ExtraRecords: []tailcfg.DNSRecord{{Name: "extra.corp.internal.", Value: "100.64.0.9"}, {Name: "text.example", Type: "TXT"}},
		},
		Prefs:    &ipn.Prefs{RouteAll: true, CorpDNS: true},
		Networks: []netip.Prefix{netip.MustParsePrefix("192.168.7.0/24")},
	}
}

func (r Rule) says() string {
	text := r.Kind + " " + r.Domain
	for _, one := range r.Resolvers {
		text += "; " + one.Address + ", " + one.Way
		if one.Problem != "" {
			text += ": " + one.Problem
		}
	}
	return text
}

func TestRuleOf(t *testing.T) {
	for name, want := range map[string]string{
		"router.tail1.ts.net":     "MagicDNS name router.tail1.ts.net",
		"mcp.tail1.ts.net":        "MagicDNS name mcp.tail1.ts.net",
		"2.0.64.100.in-addr.arpa": "MagicDNS name router.tail1.ts.net",
		"9.9.64.100.in-addr.arpa": "MagicDNS, which has no such name 9.9.64.100.in-addr.arpa",
		"nosuch.tail1.ts.net":     "MagicDNS, which has no such name tail1.ts.net",
		"x.empty.example":         "MagicDNS, which has no such name empty.example",
		"extra.corp.internal":     "extra record extra.corp.internal",
		"corp.internal":           "split DNS corp.internal; 10.40.0.53, by the route 10.40.0.0/16 of the node router.tail1.ts.net",
		"a.b.corp.internal":       "split DNS corp.internal; 10.40.0.53, by the route 10.40.0.0/16 of the node router.tail1.ts.net",
		"x.db.corp.internal":      "split DNS db.corp.internal; 100.64.0.4:5353, it is the node dns.tail1.ts.net",
		"own.example":             "split DNS own.example; 100.64.0.1, it is this host",
		"lan.example":             "split DNS lan.example; 192.168.7.1, in a network of this host",
		"gone.example":            "split DNS gone.example; 100.64.9.9, it is no node that this host knows: the resolver 100.64.9.9 is the address of no node that this host may talk to: the policy file has to allow port 53 there, or the node is gone",
		"lost.example": "split DNS lost.example; 172.16.0.53, none through the tailnet: no approved route of the tailnet leads to the resolver 172.16.0.53, which is in no network of this host: " +
			"a node has to advertise one, and an administrator to approve it (set_device_routes)",
		"text.example":     "global resolvers ; 9.9.9.9, outside of the tailnet; https://dns.example/q, over HTTPS or TLS",
		"xcorp.internal.x": "global resolvers ; 9.9.9.9, outside of the tailnet; https://dns.example/q, over HTTPS or TLS",
		"notcorp.internal": "global resolvers ; 9.9.9.9, outside of the tailnet; https://dns.example/q, over HTTPS or TLS",
	} {
		if got := world().RuleOf(name).says(); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

// What keeps a host from a resolver is named.
func TestProblems(t *testing.T) {
	router := func(f *Facts) *ipnstate.PeerStatus {
		for _, ps := range f.Status.Peer {
			if ps.ID == "n2" {
				return ps
			}
		}
		return nil
	}
	for want, change := range map[string]func(*Facts){
		"acceptRoutes is off here: tailscale set --accept-routes": func(f *Facts) { f.Prefs.RouteAll = false },
		"router.tail1.ts.net, is offline since 2026-01-02T03:04:05Z": func(f *Facts) {
			router(f).Online, router(f).LastSeen = false, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		},
		"router.tail1.ts.net, is offline":                                   func(f *Facts) { router(f).Online = false },
		"its key has expired":                                               func(f *Facts) { router(f).Expired = true },
		"by the route 10.0.0.0/8 of the node wide.tail1.ts.net":             func(f *Facts) { router(f).PrimaryRoutes = nil },
		"no approved route of the tailnet leads to the resolver 10.40.0.53": without,
		"(set_device_routes); and acceptRoutes is off here":                 func(f *Facts) { without(f); f.Prefs.RouteAll = false },
		"not known: this program does not see the networks of this host":    func(f *Facts) { without(f); f.Networks = nil },
		"exit node ; dns.tail1.ts.net, it is the exit node in use":          func(f *Facts) { f.Prefs.ExitNodeID = "n4" },
		"the exit node is no node that this host knows":                     func(f *Facts) { f.Prefs.ExitNodeID = "n9" },
		"split DNS corp.internal; 10.40.0.53, by the route 10.40.0.0/16":    func(f *Facts) { f.Prefs.ExitNodeID = "n4"; keep(f.Config.Routes["corp.internal."]) },
		"global resolvers ; 9.9.9.9, through the exit node":                 func(f *Facts) { f.Prefs.ExitNodeID = "n4"; keep(f.Config.Resolvers[:1]) },
		"this host's own resolver ":                                         func(f *Facts) { f.Config = &tailcfg.DNSConfig{} },
	} {
		f := world()
		change(&f)
		if got := f.RuleOf("corp.internal").says(); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
}

// without takes the routes away.
func without(f *Facts) {
	for _, ps := range f.Status.Peer {
		ps.PrimaryRoutes = nil
	}
}

func keep(all []*dnstype.Resolver) {
	for _, r := range all {
		r.UseWithExitNode = true
	}
}

func TestReverse(t *testing.T) {
	for text, want := range map[string]string{
		"100.64.0.7":        "7.0.64.100.in-addr.arpa",
		"::ffff:100.64.0.7": "7.0.64.100.in-addr.arpa",
		"fd7a::1":           "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.a.7.d.f.ip6.arpa",
	} {
		addr := netip.MustParseAddr(text)
		got := Reverse(addr)
		back, ok := addressOf(got)
		if got != want || !ok || back != addr.Unmap() {
			t.Errorf("%s: got %s and back %v, want %s", text, got, back, want)
		}
	}
	for _, name := range []string{"in-addr.arpa", "1.2.3.in-addr.arpa", "01.0.64.100.in-addr.arpa", "g.ip6.arpa", "example.com", ""} {
		if addr, ok := addressOf(name); ok {
			t.Errorf("%s: got %v, want none", name, addr)
		}
	}
}
