// SPDX-License-Identifier: MIT

package testbed

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
)

// keyLifetime is how long a user's node key is valid, as in a tailnet with the default setting.
const keyLifetime = 180 * 24 * time.Hour

// account is whom a machine acts for: a user, or its tags. A machine with tags is never its user.
type account struct {
	login string
	tags  []string
}

// machine is what the control server knows about one machine that registered.
type machine struct {
	id      tailcfg.NodeID
	name    string // the first label of its MagicDNS name
	account account
	addr4   netip.Addr
	created time.Time

	machineKey key.MachinePublic
	nodeKey    key.NodePublic
	discoKey   key.DiscoPublic
	hostinfo   tailcfg.HostinfoView
	endpoints  []netip.AddrPort
	derp       int  // home relay, 0 until the machine has found it
	heard      bool // it has said how to reach it since its tailscaled was last started
	version    tailcfg.CapabilityVersion

	session  int64 // the open map stream, 0 when there is none
	online   bool  // it has one, or is a fake peer that is said to
	lastSeen time.Time
	fake     bool  // there is no process behind it
	removed  bool  // deleted from the tailnet; kept so that peers and the machine itself are told
	muted    bool  // told nothing more in its open stream: it is logging out
	rev      int64 // of the last change that peers are told
	selfRev  int64 // of the last change that the machine itself is told
}

// addr6 is the machine's IPv6 address. It follows from the IPv4 address.
func (m *machine) addr6() netip.Addr { return tsaddr.Tailscale4To6(m.addr4) }

func (m *machine) stableID() tailcfg.StableNodeID {
	return tailcfg.StableNodeID(fmt.Sprintf("n%09dCNTRL", m.id))
}

// node is m as it appears in network maps, its own and its peers'.
func (m *machine) node(domain string, user tailcfg.UserID) *tailcfg.Node {
	addrs := []netip.Prefix{netip.PrefixFrom(m.addr4, 32), netip.PrefixFrom(m.addr6(), 128)}
	online := m.online
	n := &tailcfg.Node{
		ID:                m.id,
		StableID:          m.stableID(),
		Name:              m.name + "." + domain + ".",
		User:              user,
		Key:               m.nodeKey,
		Machine:           m.machineKey,
		DiscoKey:          m.discoKey,
		Addresses:         addrs,
		AllowedIPs:        addrs,
		Endpoints:         m.endpoints,
		HomeDERP:          m.derp,
		Hostinfo:          m.hostinfo,
		Created:           m.created,
		Cap:               m.version,
		Tags:              m.account.tags,
		Online:            &online,
		MachineAuthorized: true,
		CapMap: tailcfg.NodeCapMap{
			tailcfg.NodeAttrDisableUPnP:                   nil,
			tailcfg.NodeAttrDisableCaptivePortalDetection: nil,
		},
	}
	if !online && !m.lastSeen.IsZero() {
		seen := m.lastSeen
		n.LastSeen = &seen
	}
	if len(m.account.tags) == 0 {
		n.KeyExpiry = m.created.Add(keyLifetime)
	}
	if m.removed {
		n.KeyExpiry = m.created.Add(-time.Minute)
	}
	return n
}

// record notes what a machine says about itself.
func (m *machine) record(req *tailcfg.MapRequest) {
	m.endpoints = slices.DeleteFunc(req.Endpoints, func(a netip.AddrPort) bool {
		return a.Addr().Zone() != "" || a.Addr().Is6() && a.Addr().IsLinkLocalUnicast()
	})
	m.discoKey = req.DiscoKey
	m.version = req.Version
	if req.Hostinfo == nil {
		return
	}
	m.hostinfo = req.Hostinfo.View()
	if info := req.Hostinfo.NetInfo; info != nil && info.PreferredDERP != 0 {
		m.derp = info.PreferredDERP
		m.heard = !m.discoKey.IsZero()
	}
}

// restarting notes that what is known of how to reach a machine is about to be outdated, until it speaks for itself again.
// Peers are not told: they learn of a restart by seeing a new disco key take the place of the old one.
func (c *control) restarting(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.byNameLocked(name); m != nil {
		m.heard = false
	}
}

// port is the UDP port that a machine was last reached at, 0 when there is none yet. A machine that is restarted should use
// it again, as real ones do: for 6.5 seconds, its peers go on sending to where they last heard from it.
func (c *control) port(name string) uint16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.byNameLocked(name); m != nil {
		for _, at := range m.endpoints {
			if at.Addr().Is4() {
				return at.Port()
			}
		}
	}
	return 0
}

// mute stops telling a machine anything until it opens another map stream. A network map that arrives while tailscaled is
// logging out can leave it in the state "Stopped" for good.
func (c *control) mute(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.byNameLocked(name); m != nil {
		m.muted = true
	}
}

// remove deletes the machine that goes by name, if there is one.
func (c *control) remove(name string) {
	c.change(func() {
		if m := c.byNameLocked(name); m != nil {
			m.removed = true
			c.touchLocked(m)
		}
	})
}
