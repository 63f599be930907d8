// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"
	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// SetPolicy makes a tailnet policy file decide about the network and the capabilities of every machine, in place of
// [Tailnet.SetGrants], and returns when every tailscaled that runs obeys it. The file is compiled by the product's own
// package policy: what a test expects of it is written by hand. Grants that are set later take its place again.
func (tn *Tailnet) SetPolicy(ctx context.Context, text string) error {
	if err := tn.SendPolicy(text); err != nil {
		return err
	}
	return tn.AwaitPolicy(ctx)
}

// SendPolicy is SetPolicy without the wait.
func (tn *Tailnet) SendPolicy(text string) error {
	f, err := grammar.Parse(text)
	if err != nil {
		return fmt.Errorf("setting the policy: %w", err)
	}
	if wrong := grammar.Validate(f, nil); len(wrong) > 0 {
		return fmt.Errorf("setting the policy: line %d: %w", wrong[0].Line, wrong[0])
	}
	c := tn.control
	c.change(func() { c.policy = &ruling{file: f, number: c.rev} })
	return nil
}

// AwaitPolicy waits until every tailscaled that runs has the packet filter of the policy set last: each filter carries a
// capability that says which policy it is of, as the LocalAPI shows filters only as they were when it started.
func (tn *Tailnet) AwaitPolicy(ctx context.Context) error {
	tn.control.mu.Lock()
	set := tn.control.policy
	tn.control.mu.Unlock()
	if set == nil {
		return errors.New("awaiting the policy: none is set")
	}
	mark := set.mark()
	err := await(ctx, func(ctx context.Context) error {
		nodes := tn.Nodes()
		for _, n := range nodes {
			for _, peer := range nodes {
				if !n.Running() || n == peer {
					continue
				}
				who, err := n.client.WhoIs(ctx, peer.IPv4().String())
				if err != nil {
					return fmt.Errorf("%s asked about %s: %w", n.Name, peer.Name, err)
				}
				if _, ok := who.CapMap[mark]; !ok {
					return fmt.Errorf("%s does not have the policy yet", n.Name)
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("awaiting the policy: %w", err)
	}
	return nil
}

// ruling is a policy file, and what it was compiled to last.
type ruling struct {
	file     *grammar.File
	number   int64
	compiled *policy.Policy
	rev      int64 // of the machines that it was compiled for
}

// mark is the capability that says which policy a packet filter is of.
func (r *ruling) mark() tailcfg.PeerCapability {
	return tailcfg.PeerCapability(fmt.Sprintf("testbed.invalid/policy/%d", r.number))
}

// ruledLocked is dst's packet filter by the policy file.
func (c *control) ruledLocked(dst *machine) []tailcfg.FilterRule {
	p := c.policy
	if p.compiled == nil || p.rev != c.rev {
		p.compiled, p.rev = policy.Compile(p.file, c.tailnetLocked()), c.rev
	}
	filter := []tailcfg.FilterRule{{SrcIPs: []string{"*"}, CapGrant: []tailcfg.CapGrant{{
		Dsts: []netip.Prefix{tsaddr.AllIPv4(), tsaddr.AllIPv6()}, CapMap: tailcfg.PeerCapMap{p.mark(): {}},
	}}}}
	for _, r := range p.compiled.Filter(string(dst.stableID())) {
		if len(r.Unknown) > 0 {
			continue // nobody gets what is not sure
		}
		out := tailcfg.FilterRule{IPProto: r.Protos}
		for _, src := range r.Src {
			out.SrcIPs = append(out.SrcIPs, rangeText(src))
		}
		for _, d := range r.Dst {
			out.DstPorts = append(out.DstPorts, tailcfg.NetPortRange{IP: rangeText(d.Addrs), Ports: tailcfg.PortRange{First: d.Ports.First, Last: d.Ports.Last}})
		}
		for _, g := range r.Caps {
			caps := tailcfg.PeerCapMap{}
			for name, values := range g.Caps {
				caps[tailcfg.PeerCapability(name)] = []tailcfg.RawMessage{}
				for _, v := range values {
					caps[tailcfg.PeerCapability(name)] = append(caps[tailcfg.PeerCapability(name)], tailcfg.RawMessage(v))
				}
			}
			out.CapGrant = append(out.CapGrant, tailcfg.CapGrant{Dsts: g.Dsts, CapMap: caps})
		}
		filter = append(filter, out)
	}
	return filter
}

// tailnetLocked is the tailnet as a policy is compiled for it.
func (c *control) tailnetLocked() *tailnet.Tailnet {
	t := &tailnet.Tailnet{}
	for login := range c.users {
		if login != taggedDevices {
			t.People = append(t.People, tailnet.Person{Login: login, Role: "member"})
		}
	}
	slices.SortFunc(t.People, func(a, b tailnet.Person) int { return strings.Compare(a.Login, b.Login) })
	for _, m := range c.machines {
		if m.removed {
			continue
		}
		d := tailnet.Device{
			ID: string(m.stableID()), Name: m.name, FQDN: m.name + "." + c.domain, Tags: m.account.tags, Addrs: []netip.Addr{m.addr4, m.addr6()},
		}
		if len(d.Tags) == 0 {
			d.Login = m.account.login
		}
		t.Devices = append(t.Devices, d)
	}
	return t
}

// rangeText is a range as packet filters have it.
func rangeText(r netipx.IPRange) string {
	if r.From() == r.To() {
		return r.From().String()
	}
	if p, ok := r.Prefix(); ok {
		return p.String()
	}
	return r.String()
}
