// SPDX-License-Identifier: MIT

package testbed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
)

// Grant gives callers an app capability on a destination, like one entry of "grants" in a tailnet policy file with an
// "app" section.
type Grant struct {
	Src    []*Node  // the callers it is given to; nil means everybody
	Cap    string   // the capability's name, such as example.com/cap/thing
	Values []string // its entries, each a JSON text; none is a capability without entries
}

// SetGrants replaces all grants that have dst as destination and returns when dst's tailscaled answers WhoIs
// accordingly. What is not in the list is revoked thereby. For a dst that is not running the grants are kept until it
// is, and there is nothing to wait for.
func (tn *Tailnet) SetGrants(ctx context.Context, dst *Node, grants ...Grant) error {
	if err := tn.SendGrants(dst, grants...); err != nil {
		return err
	}
	if !dst.Running() {
		return nil
	}
	return tn.AwaitGrants(ctx, dst)
}

// SendGrants is SetGrants without the wait: it returns once the control server has the grants. Use it to see what
// happens while they spread.
func (tn *Tailnet) SendGrants(dst *Node, grants ...Grant) error {
	rules := make([]rule, 0, len(grants))
	for _, g := range grants {
		if g.Cap == "" {
			return errors.New("setting grants: a grant has no capability name")
		}
		r := rule{cap: tailcfg.PeerCapability(g.Cap), values: []tailcfg.RawMessage{}}
		for _, v := range g.Values {
			value, err := compact(v)
			if err != nil {
				return fmt.Errorf("setting grants: a value of %s is not JSON: %w", g.Cap, err)
			}
			r.values = append(r.values, value)
		}
		if g.Src != nil {
			r.src = []string{}
			for _, n := range g.Src {
				r.src = append(r.src, n.Name)
			}
		}
		rules = append(rules, r)
	}
	tn.control.change(func() {
		tn.control.grants[dst.Name] = rules
		tn.control.policy = nil
	})
	return nil
}

// AwaitGrants waits until dst's tailscaled answers WhoIs, for every node of the tailnet, with the grants set last.
func (tn *Tailnet) AwaitGrants(ctx context.Context, dst *Node) error {
	err := await(ctx, func(ctx context.Context) error {
		for addr, want := range tn.wantedCaps(dst) {
			who, err := dst.client.WhoIs(ctx, addr)
			if err != nil {
				return fmt.Errorf("asking about %s: %w", addr, err)
			}
			if !sameCaps(who.CapMap, want) {
				return fmt.Errorf("got capabilities %v of %s, want %v", who.CapMap, who.Node.Name, want)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("awaiting the grants of %s: %w", dst.Name, err)
	}
	return nil
}

// wantedCaps lists what dst should say about each real machine, by address.
func (tn *Tailnet) wantedCaps(dst *Node) map[string]tailcfg.PeerCapMap {
	c := tn.control
	c.mu.Lock()
	defer c.mu.Unlock()
	to := c.byNameLocked(dst.Name)
	want := make(map[string]tailcfg.PeerCapMap)
	for _, m := range c.machines {
		if to != nil && !m.fake && !m.removed {
			want[m.addr4.String()] = c.capsLocked(to, m)
		}
	}
	return want
}

// rule is a Grant with names in place of nodes, so that it outlives addresses and registrations.
type rule struct {
	src    []string // nil: everybody
	cap    tailcfg.PeerCapability
	values []tailcfg.RawMessage
}

func (r rule) covers(name string) bool { return r.src == nil || slices.Contains(r.src, name) }

// filterLocked is dst's packet filter: by the policy file, if there is one; else all traffic is let through, and each grant
// is a rule of its own, in the order given.
func (c *control) filterLocked(dst *machine) []tailcfg.FilterRule {
	if c.policy != nil {
		return c.ruledLocked(dst)
	}
	filter := slices.Clone(tailcfg.FilterAllowAll)
	for _, r := range c.grants[dst.name] {
		srcs := []string{"*"}
		if r.src != nil {
			srcs = nil
			for _, name := range r.src {
				if m := c.byNameLocked(name); m != nil {
					srcs = append(srcs, m.addr4.String(), m.addr6().String())
				}
			}
		}
		if len(srcs) == 0 {
			continue
		}
		filter = append(filter, tailcfg.FilterRule{
			SrcIPs: srcs,
			CapGrant: []tailcfg.CapGrant{{
				Dsts:   []netip.Prefix{tsaddr.AllIPv4(), tsaddr.AllIPv6()},
				CapMap: tailcfg.PeerCapMap{r.cap: r.values},
			}},
		})
	}
	return filter
}

// capsLocked is what WhoIs on dst must answer for src.
func (c *control) capsLocked(dst, src *machine) tailcfg.PeerCapMap {
	caps := make(tailcfg.PeerCapMap)
	for _, r := range c.grants[dst.name] {
		if r.covers(src.name) {
			caps[r.cap] = append(caps[r.cap], r.values...)
		}
	}
	return caps
}

// fingerprint tells packet filters apart.
func fingerprint(filter []tailcfg.FilterRule) string {
	b, err := json.Marshal(filter)
	if err != nil {
		panic(fmt.Sprintf("marshaling a packet filter: %v", err)) // cannot be: the values of grants were parsed
	}
	return string(b)
}

// sameCaps compares ignoring white space, of which the LocalAPI adds some.
func sameCaps(got, want tailcfg.PeerCapMap) bool {
	return maps.EqualFunc(got, want, func(a, b []tailcfg.RawMessage) bool { return slices.EqualFunc(a, b, sameJSON) })
}

func sameJSON(a, b tailcfg.RawMessage) bool {
	compactA, errA := compact(string(a))
	compactB, errB := compact(string(b))
	return errA == nil && errB == nil && compactA == compactB
}

func compact(value string) (tailcfg.RawMessage, error) {
	var b bytes.Buffer
	err := json.Compact(&b, []byte(value))
	return tailcfg.RawMessage(b.String()), err
}
