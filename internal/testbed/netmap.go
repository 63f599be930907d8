// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"slices"
	"strings"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

const (
	// taggedDevices is the pseudo user that owns every tagged machine, as in a real tailnet.
	taggedDevices = "tagged-devices"

	// keepAlive is how often a silent map stream is fed. A client hangs up after 120 seconds of silence.
	keepAlive = 50 * time.Second
)

// session is one open map stream.
type session struct {
	id      int64
	machine *machine
	key     key.NodePublic

	sentRev    int64  // everything up to this revision was sent; 0: nothing yet
	sentFilter string // fingerprint of the packet filter sent last
}

// serveMap answers every map request of every machine.
func (c *control) serveMap(ctx context.Context, w testcontrol.MapStreamWriter, req *tailcfg.MapRequest) {
	c.mu.Lock()
	m := c.machineOfLocked(req)
	if m == nil {
		c.mu.Unlock()
		return
	}
	if !req.Stream {
		// A request that was cancelled may be older than one already handled.
		if ctx.Err() == nil {
			m.record(req)
			c.touchForPeersLocked(m)
		}
		c.wakeLocked()
		c.mu.Unlock()
		_ = w.SendMapMessage(&tailcfg.MapResponse{})
		return
	}
	for c.cut[m.name] {
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		c.mu.Lock()
	}
	c.sessions++
	s := &session{id: c.sessions, machine: m, key: req.NodeKey}
	m.session, m.online, m.muted = s.id, true, false
	c.touchForPeersLocked(m)
	c.wakeLocked()
	c.mu.Unlock()

	c.feed(ctx, w, s)

	c.change(func() {
		if m.session == s.id {
			m.session, m.online, m.lastSeen = 0, false, time.Now().UTC()
			c.touchForPeersLocked(m)
		}
	})
}

// feed sends the network map, and then every change of it, until the client goes away or opens another stream.
func (c *control) feed(ctx context.Context, w testcontrol.MapStreamWriter, s *session) {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		msg, changed, ok := c.next(s)
		if !ok {
			return
		}
		if msg != nil {
			if err := w.SendMapMessage(msg); err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-alive.C:
			if err := w.SendMapMessage(&tailcfg.MapResponse{KeepAlive: true}); err != nil {
				return
			}
		}
	}
}

// next returns what the session has not been told yet, nil when there is nothing, and a channel that is closed by the next
// change. ok is false when another stream of the same machine has taken over, or it is cut.
//
// The first message is the whole map; later ones carry changed machines only, so that tailscaled's incremental path is
// exercised as it is by the real service. A machine is not told what it said itself, as that would be for nothing.
func (c *control) next(s *session) (msg *tailcfg.MapResponse, changed <-chan struct{}, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := s.machine
	if m.session != s.id || m.nodeKey != s.key || c.cut[m.name] {
		return nil, nil, false
	}
	if m.muted || s.sentRev == c.rev {
		return nil, c.changed, true
	}
	since := s.sentRev
	first := since == 0
	s.sentRev = c.rev

	msg = &tailcfg.MapResponse{}
	news := first
	if m.selfRev > since {
		msg.Node = c.nodeLocked(m)
		news = true
	}
	if !m.removed { // a removed one learns that it is, and nothing of the others
		news = c.addPeersLocked(msg, m, since) || news
		filter := c.filterLocked(m)
		if print := fingerprint(filter); print != s.sentFilter {
			s.sentFilter = print
			msg.PacketFilter = filter
			news = true
		}
	}
	if !news {
		return nil, c.changed, true
	}
	msg.UserProfiles = c.profilesLocked()
	if first {
		now := time.Now().UTC()
		msg.ControlTime = &now
		msg.Domain = c.domain
		msg.DERPMap = c.expected[m.name].face.derpMap()
		msg.DNSConfig = c.dns
		msg.CollectServices = "false"
	}
	return msg, c.changed, true
}

// addPeersLocked adds m's peers that changed after a revision, and reports whether there are any.
func (c *control) addPeersLocked(msg *tailcfg.MapResponse, m *machine, since int64) bool {
	first := since == 0
	before := len(msg.Peers) + len(msg.PeersChanged) + len(msg.PeersRemoved)
	for _, p := range c.machines {
		switch {
		case p == m, p.rev <= since, p.removed && first:
		case p.removed:
			msg.PeersRemoved = append(msg.PeersRemoved, p.id)
		case first:
			msg.Peers = append(msg.Peers, c.nodeLocked(p))
		default:
			msg.PeersChanged = append(msg.PeersChanged, c.nodeLocked(p))
		}
	}
	return len(msg.Peers)+len(msg.PeersChanged)+len(msg.PeersRemoved) > before
}

func (c *control) nodeLocked(m *machine) *tailcfg.Node {
	return m.node(c.domain, c.userLocked(m.account))
}

// userLocked returns the ID of whom a machine acts for.
func (c *control) userLocked(a account) tailcfg.UserID {
	login := a.login
	if len(a.tags) > 0 {
		login = taggedDevices
	}
	id, ok := c.users[login]
	if !ok {
		id = tailcfg.UserID(1001 + len(c.users))
		c.users[login] = id
	}
	return id
}

func (c *control) profilesLocked() []tailcfg.UserProfile {
	profiles := make([]tailcfg.UserProfile, 0, len(c.users))
	for login, id := range c.users {
		profiles = append(profiles, tailcfg.UserProfile{ID: id, LoginName: login, DisplayName: displayName(login)})
	}
	slices.SortFunc(profiles, func(a, b tailcfg.UserProfile) int { return int(a.ID - b.ID) })
	return profiles
}

// displayName makes "Alice" of "alice@example.com", and "Tagged Devices" of "tagged-devices".
func displayName(login string) string {
	name, _, _ := strings.Cut(login, "@")
	words := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("-._", r) })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
