// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
)

// node is what is known about this node. It is a value: each answer of
// tailscaled, and each failure to answer, makes a new one out of the last.
type node struct {
	self    Self
	known   bool   // self holds addresses, or it is certain that there are none
	waiting string // why this node cannot be reached now; empty if it can

	unheard time.Time // since when tailscaled has been without its control server; zero if it is not
}

// heard takes in an answer of tailscaled.
func (n node) heard(status *ipnstate.Status, now time.Time) node {
	next := node{known: true, waiting: obstacle(status.BackendState), unheard: n.without(status, now)}
	for _, addr := range status.TailscaleIPs {
		if addr = addr.Unmap().WithZone(""); bindable(addr) && !slices.Contains(next.self.Addrs, addr) {
			next.self.Addrs = append(next.self.Addrs, addr)
		}
	}
	// A tailscaled that has just started does not know its addresses yet and
	// reports none. That is no news, and no reason to hang up on anybody.
	if len(next.self.Addrs) == 0 && !settled(status.BackendState) {
		next.known, next.self = n.known, n.self
		if next.waiting == "" {
			next.waiting = "waiting for tailscaled: no address yet"
		}
		next.self.Userspace = !status.TUN
		return next
	}
	slices.SortFunc(next.self.Addrs, netip.Addr.Compare)
	next.self.Userspace = !status.TUN
	if self := status.Self; self != nil {
		next.self.NodeID = string(self.ID)
		next.self.DNSName = strings.TrimSuffix(self.DNSName, ".")
		if self.Tags != nil {
			next.self.Tags = self.Tags.AsSlice()
			slices.Sort(next.self.Tags)
		}
	}
	if status.CurrentTailnet != nil {
		next.self.MagicDNSSuffix = strings.TrimSuffix(status.CurrentTailnet.MagicDNSSuffix, ".")
	}
	return next
}

// missed takes in that tailscaled did not answer: everything known stays.
func (n node) missed(err error) node {
	n.waiting = "waiting for tailscaled: " + absence(err)
	return n
}

// wanted are the addresses to bind.
func (n node) wanted() []netip.Addr {
	if n.self.Userspace {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return n.self.Addrs
}

// bindable keeps out what would listen to more than one address, whoever says so.
func bindable(addr netip.Addr) bool {
	return addr.IsValid() && !addr.IsUnspecified() && !addr.IsMulticast()
}

// settled reports whether tailscaled knows its addresses in this state, so that
// none really means none.
func settled(state string) bool {
	switch state {
	case ipn.NoState.String(), ipn.Starting.String(), ipn.Running.String(), "":
		return false
	}
	return true
}

// obstacle says for people what a state keeps from working; empty for Running.
func obstacle(state string) string {
	switch state {
	case ipn.Running.String():
		return ""
	case ipn.NeedsLogin.String():
		return "waiting for a login: this host is logged out of the tailnet (run: tailscale up)"
	case ipn.NeedsMachineAuth.String():
		return "waiting for approval: an administrator has to approve this device in the admin console"
	case ipn.Stopped.String():
		return "waiting for tailscale: it is switched off on this host (run: tailscale up)"
	default:
		return "waiting for tailscaled: it is starting"
	}
}

// absence says for people why tailscaled did not answer.
func absence(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return "it is not running (see: systemctl status tailscaled)"
	case errors.Is(err, fs.ErrPermission), local.IsAccessDeniedError(err):
		return "its socket denies access to this user"
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it has just ended"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
