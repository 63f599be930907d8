// SPDX-License-Identifier: MIT

package local

import (
	"fmt"
	"net/netip"
	"time"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
	"tailscale.com/types/dnstype"
	"tailscale.com/types/key"
	"tailscale.com/types/opt"
	"tailscale.com/types/preftype"
	"tailscale.com/types/views"
)

const suffix = "tail1234.ts.net"

var (
	registered = time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	away       = time.Date(2025, 1, 2, 3, 4, 5, 678, time.UTC)
)

// small is a tailnet in which everything occurs once.
func small() *fake {
	st := &ipnstate.Status{
		Version: "1.102.5-t4a6fd1f4c", TUN: true, BackendState: "Running",
		AuthURL:        "https://login.tailscale.com/a/takeover",
		TailscaleIPs:   []netip.Addr{v4(1), v6(1)},
		Health:         []string{"Some peers are advertising routes but --accept-routes is false"},
		CurrentTailnet: &ipnstate.TailnetStatus{Name: "example.com", MagicDNSSuffix: suffix, MagicDNSEnabled: true},
		ClientVersion:  &tailcfg.ClientVersion{LatestVersion: "1.104.0", UrgentSecurityUpdate: true},
		ExitNodeStatus: &ipnstate.ExitNodeStatus{ID: "n5CNTRL", Online: true},
		User: map[tailcfg.UserID]tailcfg.UserProfile{
			1: {ID: 1, LoginName: "alice@example.com", DisplayName: "Alice"},
			2: {ID: 2, LoginName: "bob@example.com"},
			9: {ID: 9, LoginName: "tagged-devices"},
		},
		Peer: map[key.NodePublic]*ipnstate.PeerStatus{},
	}
	expiry := registered.AddDate(0, 6, 0)
	st.Self = peer(1, "mcp", "linux", 9, "tag:mcp")
	st.Self.Relay, st.Self.KeyExpiry = "fra", &expiry

	web1 := peer(2, "web-1", "linux", 9, "tag:server", "tag:web")
	web1.Active, web1.CurAddr, web1.Relay = true, "203.0.113.5:41641", "ams"
	web1.RxBytes, web1.TxBytes = 4096, 8192
	web1.LastHandshake = away
	web2 := peer(3, "web-2", "linux", 9, "tag:server")
	web2.Online, web2.LastSeen = false, away
	laptop := peer(4, "laptop", "macOS", 1)
	laptop.Active, laptop.Relay, laptop.KeyExpiry = true, "fra", &expiry
	router := peer(5, "router", "linux", 9, "tag:router")
	routes := views.SliceOf([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")})
	router.PrimaryRoutes, router.ExitNodeOption, router.ExitNode = &routes, true, true
	router.Active, router.PeerRelay, router.Relay = true, "198.51.100.2:7777:vni:3", "ams"
	phone := peer(6, "phone", "iOS", 1)
	phone.Online, phone.LastSeen, phone.Expired = false, away, true
	nas := peer(7, "nas", "linux", 2)
	nas.DNSName = "nas.other.ts.net."
	printer1, printer2 := peer(8, "printer-1", "linux", 2), peer(9, "printer-2", "linux", 2)
	printer1.HostName, printer2.HostName = "printer", "Printer"
	for _, ps := range []*ipnstate.PeerStatus{web1, web2, laptop, router, phone, nas, printer1, printer2} {
		st.Peer[ps.PublicKey] = ps
	}
	return &fake{
		status: st, dns: smallDNS(), prefs: smallPrefs(), serve: smallServe(), lock: smallLock(),
		derp:       &tailcfg.DERPMap{},
		suggestion: apitype.ExitNodeSuggestionResponse{ID: "n5CNTRL", Name: "router." + suffix + ".", Location: (&tailcfg.Location{Country: "Germany", CountryCode: "DE", City: "Frankfurt"}).View()},
		whois:      smallWhoIs(),
		ping: func(ip netip.Addr, _ string, _ int) *ipnstate.PingResult {
			return &ipnstate.PingResult{IP: ip.String(), NodeIP: ip.String(), NodeName: "web-1", LatencySeconds: 0.0123, Endpoint: "203.0.113.5:41641"}
		},
	}
}

func v4(n int) netip.Addr { return netip.AddrFrom4([4]byte{100, 64, byte(n >> 8), byte(n)}) }

func v6(n int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf("fd7a:115c:a1e0::%x", n)) }

func nodeKey(n int) (k key.NodePublic) {
	return parsed[key.NodePublic](fmt.Sprintf("nodekey:%064x", n))
}

func lockKeyOf(n int) (k key.NLPublic) { return parsed[key.NLPublic](fmt.Sprintf("nlpub:%064x", n)) }

func parsed[K any, P interface {
	*K
	UnmarshalText([]byte) error
}](text string) (k K) {
	if err := P(&k).UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return k
}

// peer is an idle node that is online.
func peer(n int, name, system string, user tailcfg.UserID, tags ...string) *ipnstate.PeerStatus {
	ps := &ipnstate.PeerStatus{
		ID: tailcfg.StableNodeID(fmt.Sprintf("n%dCNTRL", n)), NodeID: tailcfg.NodeID(n), PublicKey: nodeKey(n),
		HostName: name, DNSName: name + "." + suffix + ".", OS: system, UserID: user,
		TailscaleIPs: []netip.Addr{v6(n), v4(n)}, Created: registered,
		Online: true, InNetworkMap: true,
	}
	if len(tags) > 0 {
		v := views.SliceOf(tags)
		ps.Tags = &v
	}
	return ps
}

// large adds n peers: every seventh offline, every tenth tagged, the others of
// ten users, and with what a status has of a peer in a tailnet of that size.
func (f *fake) large(n int) {
	for i := 10; i < n+10; i++ {
		ps := peer(i, fmt.Sprintf("host-%05d", i), "linux", tailcfg.UserID(100+i%10))
		if i%10 == 0 {
			v := views.SliceOf([]string{"tag:fleet"})
			ps.Tags, ps.UserID = &v, 9
		}
		if i%7 == 0 {
			ps.Online, ps.LastSeen = false, away
		}
		ps.Relay = "fra"
		ps.PeerAPIURL = []string{fmt.Sprintf("http://%s:40000", v4(i)), fmt.Sprintf("http://[%s]:40000", v6(i))}
		ps.CapMap = tailcfg.NodeCapMap{"https://tailscale.com/cap/file-sharing": nil, "https://tailscale.com/cap/ssh": nil}
		ps.SSH_HostKeys = []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"}
		f.status.Peer[ps.PublicKey] = ps
		f.status.User[ps.UserID] = tailcfg.UserProfile{ID: ps.UserID, LoginName: fmt.Sprintf("user%d@example.com", i%10)}
	}
}

func smallDNS() *tailcfg.DNSConfig {
	return &tailcfg.DNSConfig{
		Resolvers: []*dnstype.Resolver{{Addr: "9.9.9.9", UseWithExitNode: true}, {Addr: "https://dns.example.com/query", BootstrapResolution: []netip.Addr{netip.MustParseAddr("9.9.9.10")}}},
		Routes: map[string][]*dnstype.Resolver{
			"corp.example.com.": {{Addr: "10.0.0.53"}},
			suffix:              {},
		},
		Domains: []string{suffix, "corp.example.com"}, Proxied: true,
		CertDomains:  []string{"mcp." + suffix},
		ExtraRecords: []tailcfg.DNSRecord{{Name: "db." + suffix + ".", Value: "100.64.0.77"}},
	}
}

func smallPrefs() *ipn.Prefs {
	port := uint16(7777)
	return &ipn.Prefs{
		ControlURL: "https://someone:secret-password@control.example.com", WantRunning: true, CorpDNS: true,
		ExitNodeID: "n5CNTRL", RunSSH: true, Hostname: "mcp", OperatorUser: "operator",
		AdvertiseRoutes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("10.1.0.0/16")},
		AdvertiseTags:   []string{"tag:mcp"}, NetfilterMode: preftype.NetfilterOn, NoStatefulFiltering: opt.NewBool(true),
		AutoUpdate:      ipn.AutoUpdatePrefs{Check: true, Apply: opt.NewBool(false)},
		RelayServerPort: &port, RelayServerStaticEndpoints: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.1:7777")},
	}
}

func smallServe() *ipn.ServeConfig {
	host := ipn.HostPort("mcp." + suffix + ":443")
	return &ipn.ServeConfig{
		TCP: map[uint16]*ipn.TCPPortHandler{
			443:  {HTTPS: true},
			2222: {TCPForward: "127.0.0.1:22", ProxyProtocol: 2},
			5432: {TCPForward: "127.0.0.1:5432", TerminateTLS: "mcp." + suffix},
			8080: {HTTP: true},
		},
		Web: map[ipn.HostPort]*ipn.WebServerConfig{
			host: {Handlers: map[string]*ipn.HTTPHandler{
				"/":      {Proxy: "http://admin:secret-password@127.0.0.1:3000"},
				"/files": {Path: "/srv/files"},
				"/hello": {Text: "hello"},
				"/old":   {Redirect: "301:https://u:secret-password@example.com/${REQUEST_URI}"},
			}},
		},
		Services: map[tailcfg.ServiceName]*ipn.ServiceConfig{
			"svc:db":  {Tun: true},
			"svc:web": {TCP: map[uint16]*ipn.TCPPortHandler{443: {HTTPS: true}}, Web: map[ipn.HostPort]*ipn.WebServerConfig{ipn.HostPort("web." + suffix + ":443"): {Handlers: map[string]*ipn.HTTPHandler{"/": {Proxy: "3001", AcceptAppCaps: []tailcfg.PeerCapability{"example.com/cap/web"}}}}}},
		},
		AllowFunnel: map[ipn.HostPort]bool{host: true},
		Foreground: map[string]*ipn.ServeConfig{"a-session-of-the-bus": {
			TCP: map[uint16]*ipn.TCPPortHandler{9000: {TCPForward: "localhost:9000"}},
		}},
	}
}

func smallLock() *ipnstate.TailnetLockStatus {
	own := nodeKey(1)
	return &ipnstate.TailnetLockStatus{
		Enabled: true, Head: &[32]byte{1, 2, 3}, PublicKey: lockKeyOf(1), NodeKey: &own, NodeKeySigned: true,
		TrustedKeys:  []ipnstate.TKAKey{{Kind: "25519", Key: lockKeyOf(1), Votes: 1, Metadata: map[string]string{"purpose": "first"}}},
		VisiblePeers: []*ipnstate.TKAPeer{{Name: "web-1." + suffix + ".", StableID: "n2CNTRL"}},
		FilteredPeers: []*ipnstate.TKAPeer{
			{Name: "stranger." + suffix + ".", StableID: "n12CNTRL", TailscaleIPs: []netip.Addr{v4(12)}, NodeKey: nodeKey(12)},
			{Name: "another." + suffix + ".", StableID: "n11CNTRL", TailscaleIPs: []netip.Addr{v4(11)}, NodeKey: nodeKey(11)},
		},
	}
}

func smallWhoIs() map[string]*apitype.WhoIsResponse {
	online := true
	laptop := &apitype.WhoIsResponse{
		Node: &tailcfg.Node{
			Name: "laptop." + suffix + ".", StableID: "n4CNTRL", Online: &online,
			Addresses: []netip.Prefix{netip.PrefixFrom(v6(4), 128), netip.PrefixFrom(v4(4), 32)},
			Hostinfo:  (&tailcfg.Hostinfo{OS: "macOS"}).View(),
		},
		UserProfile: &tailcfg.UserProfile{LoginName: "alice@example.com", DisplayName: "Alice"},
		CapMap: tailcfg.PeerCapMap{
			"jaxxstorm.com/cap/mcp": {`{"tools":["secret-value"]}`},
			"example.com/cap/a":     nil,
		},
	}
	tagged := &apitype.WhoIsResponse{
		Node:        &tailcfg.Node{Name: "web-1." + suffix + ".", StableID: "n2CNTRL", Tags: []string{"tag:server", "tag:web"}, Addresses: []netip.Prefix{netip.PrefixFrom(v4(2), 32)}},
		UserProfile: &tailcfg.UserProfile{LoginName: "tagged-devices"},
	}
	return map[string]*apitype.WhoIsResponse{
		v4(4).String(): laptop,
		v6(4).String(): laptop,
		v4(2).String(): tagged,
	}
}
