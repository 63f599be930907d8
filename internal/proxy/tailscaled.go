// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
)

// Bounds of questions to tailscaled and to the system's resolver.
const (
	localTimeout = time.Second
	peersTimeout = 5 * time.Second // a status with thousands of peers
	// resolveGrace is how long the system has before tailscaled is asked for
	// the name too.
	resolveGrace = 200 * time.Millisecond
)

var errNotRunning = errors.New("tailscaled is not connected to a tailnet")

// running asks tailscaled for its own state and fails unless it is connected.
func running(ctx context.Context, lc *local.Client) (*ipnstate.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	st, err := lc.StatusWithoutPeers(ctx)
	var dial *net.OpError
	if errors.As(err, &dial) {
		return nil, fmt.Errorf("no tailscaled answers on this machine: %w; start it, or say where it is with --tailscaled-socket", dial.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("asking tailscaled: %w", err)
	}
	if st.BackendState != ipn.Running.String() || st.Self == nil {
		return nil, fmt.Errorf("%w (its state is %s); run: tailscale up", errNotRunning, st.BackendState)
	}
	return st, nil
}

// nodeAt reports whether addr is an address of a node of the tailnet, and the
// node's MagicDNS name.
func nodeAt(ctx context.Context, lc *local.Client, addr netip.Addr) (name string, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	who, err := lc.WhoIs(ctx, addr.String())
	if errors.Is(err, local.ErrPeerNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("asking tailscaled who %v is: %w", addr, err)
	}
	return nodeName(who.Node.Name), true, nil
}

// nodeName is a DNS name in the form names are compared in.
func nodeName(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }
