// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"tailscale.com/net/tsaddr"
)

// Remove deletes the node from the tailnet, as an administrator does in the admin console: its peers do not know it any
// more, and its tailscaled runs on without being logged in. LogIn brings it back as a new machine with new addresses.
func (tn *Tailnet) Remove(ctx context.Context, n *Node) error {
	tn.control.remove(n.Name)
	return tn.Settle(ctx)
}

// SetAddress gives the node another IPv4 address (and the IPv6 address that goes with it), as an administrator does in the
// admin console, and returns when all nodes have it.
func (tn *Tailnet) SetAddress(ctx context.Context, n *Node, addr netip.Addr) error {
	if !addr.Is4() || !tsaddr.IsTailscaleIP(addr) {
		return fmt.Errorf("setting the address of %s: %v is not a Tailscale IPv4 address", n.Name, addr)
	}
	var err error
	tn.control.change(func() {
		c := tn.control
		m := c.byNameLocked(n.Name)
		switch {
		case m == nil:
			err = errors.New("it is not in the tailnet")
		case slices.ContainsFunc(c.machines, func(p *machine) bool { return p.addr4 == addr && !p.removed && p != m }):
			err = fmt.Errorf("%v is another's", addr)
		default:
			c.taken[addr] = true
			m.addr4 = addr
			c.touchLocked(m)
		}
	})
	if err != nil {
		return fmt.Errorf("setting the address of %s: %w", n.Name, err)
	}
	return tn.Settle(ctx)
}

// SetTags makes the node a tagged one, or gives it back to its user when there are no tags, as an administrator does in the
// admin console, and returns when all nodes have it. Connections stay open.
func (tn *Tailnet) SetTags(ctx context.Context, n *Node, tags ...string) error {
	err := checkTags(tags)
	if err == nil {
		tn.control.change(func() {
			c := tn.control
			m := c.byNameLocked(n.Name)
			if m == nil {
				err = errors.New("it is not in the tailnet")
				return
			}
			m.account.tags = sortedTags(tags)
			c.touchLocked(m)
			expected := c.expected[n.Name]
			expected.account.tags = m.account.tags
			c.expected[n.Name] = expected
		})
	}
	if err != nil {
		return fmt.Errorf("setting the tags of %s: %w", n.Name, err)
	}
	return tn.Settle(ctx)
}

var tagForm = regexp.MustCompile(`^tag:[a-zA-Z][a-zA-Z0-9-]*$`)

func checkTags(tags []string) error {
	for _, tag := range tags {
		if !tagForm.MatchString(tag) {
			return fmt.Errorf("tag %q does not match %v", tag, tagForm)
		}
	}
	return nil
}

// sortedTags copies tags in order; none are nil.
func sortedTags(tags []string) []string {
	return slices.Sorted(slices.Values(tags))
}
