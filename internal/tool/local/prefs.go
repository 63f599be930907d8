// SPDX-License-Identifier: MIT

package local

import (
	"context"
	"net/netip"
	"regexp"

	"tailscale.com/ipn"
	"tailscale.com/types/opt"

	"tailscale-mcp/internal/tool"
)

// prefsResult has the preferences of ipn.Prefs that are shown, under the names of the
// command tailscale set where it has one. A preference of a later tailscaled is not
// shown before somebody has judged it; the test of this file says why the others are
// not.
type prefsResult struct {
	WantRunning                bool     `json:"wantRunning" jsonschema:"Tailscale is meant to be up (tailscale up, tailscale down)"`
	LoggedOut                  bool     `json:"loggedOut" jsonschema:"somebody has logged this host out"`
	ControlURL                 string   `json:"controlURL,omitempty" jsonschema:"control server"`
	Hostname                   string   `json:"hostname,omitempty" jsonschema:"name asked for instead of the operating system's"`
	Nickname                   string   `json:"nickname,omitempty" jsonschema:"name of the profile"`
	AcceptDNS                  bool     `json:"acceptDNS" jsonschema:"uses the tailnet's DNS"`
	AcceptRoutes               bool     `json:"acceptRoutes" jsonschema:"uses the subnets that other nodes route"`
	ExitNodeID                 string   `json:"exitNodeID,omitempty" jsonschema:"stable ID of the exit node to use"`
	ExitNodeIP                 string   `json:"exitNodeIP,omitempty" jsonschema:"address of the exit node to use, while its ID is not known"`
	AutoExitNode               string   `json:"autoExitNode,omitempty" jsonschema:"tailscaled chooses the exit node by this expression"`
	ExitNodeAllowLANAccess     bool     `json:"exitNodeAllowLANAccess" jsonschema:"reaches its own network directly while it uses an exit node"`
	AdvertiseExitNode          bool     `json:"advertiseExitNode" jsonschema:"offers itself as an exit node"`
	AdvertiseRoutes            []string `json:"advertiseRoutes" jsonschema:"subnets it offers to route"`
	AdvertiseTags              []string `json:"advertiseTags" jsonschema:"tags it asks for"`
	AdvertiseServices          []string `json:"advertiseServices" jsonschema:"Tailscale Services it offers to host"`
	AdvertiseConnector         bool     `json:"advertiseConnector" jsonschema:"offers itself as an app connector"`
	RelayServerPort            *uint16  `json:"relayServerPort,omitempty" jsonschema:"UDP port of its peer relay server, 0 for any; absent when it runs none"`
	RelayServerStaticEndpoints []string `json:"relayServerStaticEndpoints,omitempty" jsonschema:"endpoints its peer relay server names"`
	SSH                        bool     `json:"ssh" jsonschema:"runs Tailscale SSH"`
	WebClient                  bool     `json:"webClient" jsonschema:"shows its web client to the tailnet on port 5252"`
	ShieldsUp                  bool     `json:"shieldsUp" jsonschema:"blocks every incoming connection"`
	SNATSubnetRoutes           bool     `json:"snatSubnetRoutes" jsonschema:"hides the source of what it routes to its subnets"`
	StatefulFiltering          *bool    `json:"statefulFiltering,omitempty" jsonschema:"filters what it routes by connection"`
	NetfilterMode              string   `json:"netfilterMode" jsonschema:"how much of the firewall it manages: on, nodivert or off"`
	NetfilterKind              string   `json:"netfilterKind,omitempty" jsonschema:"iptables or nftables when not found out by itself"`
	Operator                   string   `json:"operator,omitempty" jsonschema:"local user who may operate tailscaled without root"`
	ReportPosture              bool     `json:"reportPosture" jsonschema:"reports what device posture asks for"`
	RemoteConfig               bool     `json:"remoteConfig" jsonschema:"leaves its whole configuration to the administrators of the tailnet"`
	UpdateCheck                bool     `json:"updateCheck" jsonschema:"looks for newer versions"`
	AutoUpdate                 *bool    `json:"autoUpdate,omitempty" jsonschema:"installs newer versions by itself; absent when left to the tailnet"`
	Sync                       *bool    `json:"sync,omitempty" jsonschema:"false when it follows no changes of the control server; for tests"`
	DriveShares                []string `json:"driveShares" jsonschema:"names of the folders it shares with Taildrive"`
}

func (n *node) getNodePreferences() tool.Tool {
	d := read("get_node_preferences", "Preferences of this host", `{}`,
		"Settings of tailscaled on this host, such as acceptDNS, acceptRoutes, SSH.")
	return tool.New(d, func(ctx context.Context, _ tool.Call, _ nothing) (prefsResult, error) {
		p, err := n.tailscaled.Prefs(ctx)
		if err != nil {
			return prefsResult{}, err
		}
		return prefsOf(p), nil
	})
}

func prefsOf(p *ipn.Prefs) prefsResult {
	out := prefsResult{
		WantRunning: p.WantRunning, LoggedOut: p.LoggedOut,
		ControlURL: withoutPassword(p.ControlURL),
		Hostname:   p.Hostname, Nickname: p.ProfileName,
		AcceptDNS: p.CorpDNS, AcceptRoutes: p.RouteAll,
		ExitNodeID: string(p.ExitNodeID), AutoExitNode: string(p.AutoExitNode), ExitNodeAllowLANAccess: p.ExitNodeAllowLANAccess,
		AdvertiseRoutes: []string{}, AdvertiseTags: filled(p.AdvertiseTags), AdvertiseServices: filled(p.AdvertiseServices),
		AdvertiseConnector: p.AppConnector.Advertise,
		RelayServerPort:    p.RelayServerPort,
		SSH:                p.RunSSH, WebClient: p.RunWebClient, ShieldsUp: p.ShieldsUp,
		SNATSubnetRoutes: !p.NoSNAT,
		NetfilterMode:    p.NetfilterMode.String(), NetfilterKind: p.NetfilterKind,
		Operator: p.OperatorUser, ReportPosture: p.PostureChecking, RemoteConfig: p.RemoteConfig,
		UpdateCheck: p.AutoUpdate.Check, AutoUpdate: known(p.AutoUpdate.Apply),
		Sync:        known(p.Sync),
		DriveShares: []string{},
	}
	if p.ExitNodeIP.IsValid() {
		out.ExitNodeIP = p.ExitNodeIP.String()
	}
	if off := known(p.NoStatefulFiltering); off != nil {
		on := !*off
		out.StatefulFiltering = &on
	}
	for _, route := range p.AdvertiseRoutes {
		if route.Bits() == 0 {
			out.AdvertiseExitNode = true
			continue
		}
		out.AdvertiseRoutes = append(out.AdvertiseRoutes, route.String())
	}
	if len(p.RelayServerStaticEndpoints) > 0 {
		out.RelayServerStaticEndpoints = texts[netip.AddrPort](p.RelayServerStaticEndpoints)
	}
	for _, share := range p.DriveShares {
		if share != nil {
			out.DriveShares = append(out.DriveShares, share.Name) // not its path, nor whose it is
		}
	}
	return out
}

// known returns nil for a setting that has not been made.
func known(b opt.Bool) *bool {
	v, ok := b.Get()
	if !ok {
		return nil
	}
	return &v
}

// userinfo is the part of a URL that may hold a password, RFC 3986 §3.2.1.
var userinfo = regexp.MustCompile(`//[^/?#\s]*@`)

// withoutPassword takes a user and password out of a URL, wherever in text it is.
func withoutPassword(text string) string { return userinfo.ReplaceAllString(text, "//") }
