// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"go4.org/mem"
	"tailscale.com/client/local"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
)

// FakePeer is a machine of which there is nothing but its entry in the network map.
type FakePeer struct {
	Name  string // "fake-00001" and so on
	Login string // "" when it has tags
	Tags  []string
	IPv4  netip.Addr
}

// AddFakePeers adds n machines that exist in the network map only, to see how something fares in a large tailnet. Every
// tenth is tagged tag:fake, every seventh is offline, the others belong to ten users. It returns when all nodes have them.
func (tn *Tailnet) AddFakePeers(ctx context.Context, n int) ([]FakePeer, error) {
	var peers []FakePeer
	var last key.NodePublic
	var err error
	now := time.Now().UTC()
	tn.control.change(func() {
		c := tn.control
		if c.lastAddr+n >= maxHosts {
			err = errors.New("there are not enough addresses")
			return
		}
		for range n {
			c.fakes++
			last = key.NodePublicFromRaw32(mem.B(randomKey()))
			m := &machine{
				id:         c.nextIDLocked(),
				name:       fmt.Sprintf("fake-%05d", c.fakes),
				account:    account{login: fmt.Sprintf("user%d@example.com", c.fakes%10)},
				addr4:      c.nextAddrLocked(),
				created:    now,
				nodeKey:    last,
				machineKey: key.MachinePublicFromRaw32(mem.B(randomKey())),
				discoKey:   key.DiscoPublicFromRaw32(mem.B(randomKey())),
				derp:       1,
				version:    tailcfg.CurrentCapabilityVersion,
				online:     c.fakes%7 != 0,
				lastSeen:   now.Add(-time.Duration(c.fakes) * time.Minute),
				fake:       true,
			}
			if c.fakes%10 == 0 {
				m.account.tags = []string{"tag:fake"}
			}
			m.hostinfo = (&tailcfg.Hostinfo{Hostname: m.name, OS: "linux", IPNVersion: "1.102.5"}).View()
			c.touchLocked(m)
			c.machines = append(c.machines, m)
			peer := FakePeer{Name: m.name, Tags: m.account.tags, IPv4: m.addr4}
			if len(peer.Tags) == 0 {
				peer.Login = m.account.login
			}
			peers = append(peers, peer)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("adding fake peers: %w", err)
	}
	err = await(ctx, func(ctx context.Context) error {
		for _, node := range tn.Nodes() {
			if last.IsZero() || !node.online() {
				continue
			}
			if _, err := node.client.WhoIsNodeKey(ctx, last); errors.Is(err, local.ErrPeerNotFound) {
				return fmt.Errorf("%s does not know them", node.Name)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("adding fake peers: %w", err)
	}
	return peers, nil
}

// randomKey is the public key of nobody.
func randomKey() []byte {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, see crypto/rand.Read
	return raw
}
